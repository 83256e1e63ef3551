//! Encryption and comparisons by AWS-LC, in the format's terms.
//!
//! A nonce is fixed or derived only where the format lets a key be used once; see `dynaseal/core/primitives.py`.
//! Keys that are derived are wiped from memory when they are dropped.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use crate::Unusual;

pub const KEY_LENGTH: usize = 32;
pub const NONCE_LENGTH: usize = 12;
pub const TAG_LENGTH: usize = 16;
const FIELD_KEY_LENGTH: u8 = 44;
/// A field uses three blocks of the stream: its key, its nonce and four bytes that are not used.
const FIELD_BLOCKS: usize = 48;

/// A key of 32 bytes, wiped when it is dropped.
pub type Key = Zeroizing<[u8; KEY_LENGTH]>;

/// An AES-GCM key.
pub struct GcmKey(LessSafeKey);

impl GcmKey {
    pub fn new(key: &[u8]) -> Result<Self, Unusual> {
        gcm_key(key).map(Self)
    }

    /// Appends the ciphertext, which ends in the tag.
    pub fn encrypt(
        &self,
        nonce: &[u8],
        plaintext: &[u8],
        aad: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Unusual> {
        let start = out.len();
        out.extend_from_slice(plaintext);
        let tag = self
            .0
            .seal_in_place_separate_tag(as_nonce(nonce)?, Aad::from(aad), &mut out[start..])
            .map_err(|_| Unusual)?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Returns the plaintext, if the tag is right.
    pub fn decrypt(
        &self,
        nonce: &[u8],
        ciphertext: &[u8],
        aad: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unusual> {
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .0
            .open_in_place(as_nonce(nonce)?, Aad::from(aad), &mut buffer)
            .map_err(|_| Unusual)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

fn gcm_key(key: &[u8]) -> Result<LessSafeKey, Unusual> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        32 => &AES_256_GCM,
        _ => return Err(Unusual),
    };
    UnboundKey::new(algorithm, key)
        .map(LessSafeKey::new)
        .map_err(|_| Unusual)
}

fn as_nonce(bytes: &[u8]) -> Result<Nonce, Unusual> {
    Nonce::try_assume_unique_for_key(bytes).map_err(|_| Unusual)
}

/// The keys and nonces of an item's encrypted fields: the AES-CTR stream under the item's root key.
pub struct FieldKeys(Zeroizing<Vec<u8>>);

impl FieldKeys {
    pub fn new(root: &Key, count: usize) -> Result<Self, Unusual> {
        let mut stream = Zeroizing::new(vec![0; count * FIELD_BLOCKS]);
        if count > 0 {
            let mut counter = [0; 16];
            counter[..11].copy_from_slice(b"AwsDbeField");
            counter[11] = FIELD_KEY_LENGTH;
            UnboundCipherKey::new(&AES_256, root.as_ref())
                .and_then(EncryptingKey::ctr)
                .and_then(|key| {
                    let context = EncryptionContext::Iv128(FixedLength::from(&counter));
                    key.less_safe_encrypt(&mut stream, context).map(|_| ())
                })
                .map_err(|_| Unusual)?;
        }
        Ok(Self(stream))
    }

    /// Returns each encrypted field's key, in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = FieldKey<'_>> {
        self.0.chunks_exact(FIELD_BLOCKS).map(|blocks| FieldKey {
            key: &blocks[..KEY_LENGTH],
            nonce: &blocks[KEY_LENGTH..KEY_LENGTH + NONCE_LENGTH],
        })
    }
}

/// The key and the nonce of one encrypted field.
pub struct FieldKey<'a> {
    key: &'a [u8],
    nonce: &'a [u8],
}

impl FieldKey<'_> {
    /// Encrypts a buffer whose last bytes are for the tag.
    pub fn encrypt_in_place(&self, path: &[u8], buffer: &mut [u8]) -> Result<(), Unusual> {
        let (plaintext, tag) = buffer.split_last_chunk_mut::<TAG_LENGTH>().ok_or(Unusual)?;
        let written = gcm_key(self.key)?
            .seal_in_place_separate_tag(as_nonce(self.nonce)?, Aad::from(path), plaintext)
            .map_err(|_| Unusual)?;
        tag.copy_from_slice(written.as_ref());
        Ok(())
    }

    /// Decrypts a buffer that ends in its tag, if the tag is right.
    pub fn decrypt_in_place(&self, path: &[u8], buffer: &mut [u8]) -> Result<(), Unusual> {
        gcm_key(self.key)?
            .open_in_place(as_nonce(self.nonce)?, Aad::from(path), buffer)
            .map_err(|_| Unusual)?;
        Ok(())
    }
}

/// Checks that two values are equal, in constant time.
pub fn check_equal(candidate: &[u8], expected: &[u8]) -> Result<(), Unusual> {
    verify_slices_are_equal(candidate, expected).map_err(|_| Unusual)
}

/// Checks that one of the candidates equals `expected`, in constant time: all of them are compared.
pub fn check_one_of<'a>(
    candidates: impl Iterator<Item = &'a [u8]>,
    expected: &[u8],
) -> Result<(), Unusual> {
    let found = candidates.fold(false, |found, candidate| {
        found | verify_slices_are_equal(candidate, expected).is_ok()
    });
    if found { Ok(()) } else { Err(Unusual) }
}
