//! Every call of the cryptographic library that the format makes, in the format's terms.
//!
//! A nonce is fixed or derived only where the format lets a key be used once; see `dynaseal/core/primitives.py`.
//! Keys that are derived are wiped from memory when they are dropped.

use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA384};
use aws_lc_rs::hmac::{self, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use crate::Unusual;

pub const KEY_LENGTH: usize = 32;
pub const NONCE_LENGTH: usize = 12;
pub const TAG_LENGTH: usize = 16;
pub const RECIPIENT_TAG_LENGTH: usize = 48;
pub const HASH_LENGTH: usize = 48;
const FIELD_KEY_LENGTH: u8 = 44;
/// A field uses three blocks of the stream: its key, its nonce and four bytes that are not used.
const FIELD_BLOCKS: usize = 48;
const FIRST_BLOCK: [u8; 1] = [1];

/// A key of 32 bytes, wiped when it is dropped.
pub type Key = Zeroizing<[u8; KEY_LENGTH]>;

/// Derives two keys by HKDF-SHA512 without a salt, each for an info that is given in parts.
pub fn derive_pair(key: &[u8], first_info: &[&[u8]], second_info: &[&[u8]]) -> (Key, Key) {
    // RFC 5869: without a salt, the HMAC of the extract step has a key of zeros, as long as its hash.
    static EXTRACT: OnceLock<hmac::Key> = OnceLock::new();
    let extract = EXTRACT.get_or_init(|| hmac::Key::new(HMAC_SHA512, &[0; 64]));
    let expand = hmac::Key::new(HMAC_SHA512, hmac::sign(extract, key).as_ref());
    (
        expanded(&expand, first_info),
        expanded(&expand, second_info),
    )
}

fn expanded(expand: &hmac::Key, info: &[&[u8]]) -> Key {
    let mut context = hmac::Context::with_key(expand);
    for part in info {
        context.update(part);
    }
    context.update(&FIRST_BLOCK);
    truncated(context.sign().as_ref())
}

/// Derives a wrapping key from a branch key, by the counter mode of NIST SP 800-108 over HMAC-SHA256.
pub fn derive_wrapping_key(branch_key: &hmac::Key, label: &[u8], salt: &[u8]) -> Key {
    let mut context = hmac::Context::with_key(branch_key);
    for part in [&[0, 0, 0, 1], label, &[0], salt, &[0, 0, 1, 0]] {
        context.update(part);
    }
    truncated(context.sign().as_ref())
}

/// Makes the HMAC key of a branch key.
pub fn branch_hmac_key(key: &[u8]) -> hmac::Key {
    hmac::Key::new(HMAC_SHA256, key)
}

fn truncated(bytes: &[u8]) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&bytes[..KEY_LENGTH]);
    key
}

/// An AES-GCM key.
pub struct GcmKey(LessSafeKey);

impl GcmKey {
    pub fn new(key: &[u8]) -> Result<Self, Unusual> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return Err(Unusual),
        };
        Ok(Self(LessSafeKey::new(
            UnboundKey::new(algorithm, key).map_err(|_| Unusual)?,
        )))
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

    /// Encrypts a buffer whose last bytes are for the tag.
    pub fn encrypt_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Result<(), Unusual> {
        let (plaintext, tag) = buffer
            .split_at_mut_checked(buffer.len().saturating_sub(TAG_LENGTH))
            .ok_or(Unusual)?;
        let written = self
            .0
            .seal_in_place_separate_tag(as_nonce(nonce)?, Aad::from(aad), plaintext)
            .map_err(|_| Unusual)?;
        tag.copy_from_slice(written.as_ref());
        Ok(())
    }

    /// Decrypts a buffer that ends in its tag, if the tag is right.
    pub fn decrypt_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Result<(), Unusual> {
        self.0
            .open_in_place(as_nonce(nonce)?, Aad::from(aad), buffer)
            .map_err(|_| Unusual)?;
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

    /// Returns the key and the nonce of each encrypted field, in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (Result<GcmKey, Unusual>, &[u8])> {
        self.0.chunks_exact(FIELD_BLOCKS).map(|blocks| {
            let (key, nonce) = blocks.split_at(KEY_LENGTH);
            (GcmKey::new(key), &nonce[..NONCE_LENGTH])
        })
    }
}

/// The SHA-384 hash of bytes that come in parts.
pub struct Hash(Context);

impl Hash {
    pub fn new() -> Self {
        Self(Context::new(&SHA384))
    }

    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    pub fn finish(self) -> [u8; HASH_LENGTH] {
        let mut hash = [0; HASH_LENGTH];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

/// Computes a header's commitment: HMAC-SHA512, truncated.
pub fn header_commitment(commit_key: &Key, partial_header: &[u8]) -> [u8; KEY_LENGTH] {
    let tag = hmac::sign(
        &hmac::Key::new(HMAC_SHA512, commit_key.as_ref()),
        partial_header,
    );
    let mut commitment = [0; KEY_LENGTH];
    commitment.copy_from_slice(&tag.as_ref()[..KEY_LENGTH]);
    commitment
}

/// Computes a recipient tag.
pub fn recipient_tag(key: &[u8], canonical_hash: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(HMAC_SHA384, key), canonical_hash)
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
