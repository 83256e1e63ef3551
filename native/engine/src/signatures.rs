//! ECDSA over P-384, with signatures of one fixed length; see `dynaseal/core/signatures.py`.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};

use crate::Unusual;

pub const SIGNATURE_LENGTH: usize = 103;
pub const PUBLIC_KEY_LENGTH: usize = 1 + COORDINATE_LENGTH;
const COORDINATE_LENGTH: usize = 48;
const ORDER: [u8; COORDINATE_LENGTH] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];

/// The signing key of one item.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl SigningKey {
    pub fn generate() -> Result<Self, Unusual> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(|_| Unusual)?;
        Ok(Self {
            pair,
            random: SystemRandom::new(),
        })
    }

    /// Returns the public key as a compressed point.
    pub fn public_key(&self) -> [u8; PUBLIC_KEY_LENGTH] {
        let point = self.pair.public_key().as_ref();
        let mut compressed = [0; PUBLIC_KEY_LENGTH];
        compressed[0] = 2 | (point[2 * COORDINATE_LENGTH] & 1);
        compressed[1..].copy_from_slice(&point[1..=COORDINATE_LENGTH]);
        compressed
    }

    /// Signs a message with a signature of exactly 103 bytes.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unusual> {
        loop {
            let signature = self.pair.sign(&self.random, message).map_err(|_| Unusual)?;
            let (r, s) = signature.as_ref().split_at(COORDINATE_LENGTH);
            // (r, s) and (r, order - s) both verify.
            for s in [s, &negated(s)] {
                let encoded = encode(r, s)?;
                if encoded.len() == SIGNATURE_LENGTH {
                    return Ok(encoded);
                }
            }
        }
    }
}

/// Verifies the signature of a message by the key of a compressed point.
pub fn verify(point: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Unusual> {
    if point.len() != PUBLIC_KEY_LENGTH {
        return Err(Unusual);
    }
    UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point)
        .verify(message, signature)
        .map_err(|_| Unusual)
}

fn negated(s: &[u8]) -> [u8; COORDINATE_LENGTH] {
    let mut difference = [0; COORDINATE_LENGTH];
    let mut borrow = false;
    for at in (0..COORDINATE_LENGTH).rev() {
        let (value, first) = ORDER[at].overflowing_sub(s[at]);
        let (value, second) = value.overflowing_sub(u8::from(borrow));
        difference[at] = value;
        borrow = first | second;
    }
    difference
}

/// Encodes a signature as DER.
fn encode(r: &[u8], s: &[u8]) -> Result<Vec<u8>, Unusual> {
    let mut encoded = vec![0x30, 0];
    for number in [r, s] {
        let zeros = number
            .iter()
            .take_while(|byte| **byte == 0)
            .count()
            .min(COORDINATE_LENGTH - 1);
        let digits = &number[zeros..];
        let is_padded = digits[0] & 0x80 != 0;
        encoded.push(2);
        encoded.push(u8::try_from(digits.len() + usize::from(is_padded)).map_err(|_| Unusual)?);
        if is_padded {
            encoded.push(0);
        }
        encoded.extend_from_slice(digits);
    }
    encoded[1] = u8::try_from(encoded.len() - 2).map_err(|_| Unusual)?;
    Ok(encoded)
}
