//! What the format takes from SHA-2: the item's hash, HMAC, and the keys that are derived by them.
//!
//! An item needs some forty blocks of SHA-512, most of them for short inputs. The `sha2` crate is faster for these
//! than AWS-LC, which does everything else; see decision 40.

use std::sync::OnceLock;

use hmac::digest::Output;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::primitives::{KEY_LENGTH, Key};

pub const RECIPIENT_TAG_LENGTH: usize = 48;
pub const HASH_LENGTH: usize = 48;
const SHA_512_LENGTH: usize = 64;
const FIRST_BLOCK: &[u8] = &[1];

/// A branch key, ready for the derivation of wrapping keys.
pub type BranchHmac = Hmac<Sha256>;

/// Derives two keys by HKDF-SHA512 without a salt, each for an info that is given in two parts.
pub fn derive_pair(key: &[u8], first_info: [&[u8]; 2], second_info: [&[u8]; 2]) -> (Key, Key) {
    // RFC 5869: without a salt, the HMAC of the extract step has a key of zeros, as long as its hash.
    static EXTRACT: OnceLock<Hmac<Sha512>> = OnceLock::new();
    let extract = EXTRACT.get_or_init(|| keyed(&[0; SHA_512_LENGTH]));
    let pseudorandom_key: Zeroizing<[u8; SHA_512_LENGTH]> =
        Zeroizing::new(tag(extract, &[key]).into());
    let expand = keyed(pseudorandom_key.as_ref());
    let expanded = |[label, detail]: [&[u8]; 2]| {
        truncated(&tag::<Sha512>(&expand, &[label, detail, FIRST_BLOCK]))
    };
    (expanded(first_info), expanded(second_info))
}

/// Makes a branch key ready.
pub fn branch_hmac(branch_key: &[u8]) -> BranchHmac {
    keyed(branch_key)
}

/// Derives a wrapping key from a branch key, by the counter mode of NIST SP 800-108 over HMAC-SHA256.
pub fn derive_wrapping_key(branch_key: &BranchHmac, label: &[u8], salt: &[u8]) -> Key {
    truncated(&tag(
        branch_key,
        &[&[0, 0, 0, 1], label, &[0], salt, &[0, 0, 1, 0]],
    ))
}

/// Computes a header's commitment: HMAC-SHA512, truncated.
pub fn header_commitment(commit_key: &Key, partial_header: &[u8]) -> [u8; KEY_LENGTH] {
    *truncated(&tag::<Sha512>(
        &keyed(commit_key.as_ref()),
        &[partial_header],
    ))
}

/// Computes a recipient tag: HMAC-SHA384.
pub fn recipient_tag(key: &[u8], canonical_hash: &[u8]) -> [u8; RECIPIENT_TAG_LENGTH] {
    tag::<Sha384>(&keyed(key), &[canonical_hash]).into()
}

/// Returns the SHA-384 hash of bytes that come in parts.
pub fn hash(parts: &[&[u8]]) -> [u8; HASH_LENGTH] {
    let mut hash = Sha384::new();
    for part in parts {
        Digest::update(&mut hash, part);
    }
    hash.finalize().into()
}

fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"))
}

fn tag<D: EagerHash>(hmac: &Hmac<D>, parts: &[&[u8]]) -> Output<Hmac<D>> {
    let mut hmac = hmac.clone();
    for part in parts {
        hmac.update(part);
    }
    hmac.finalize().into_bytes()
}

fn truncated(bytes: &[u8]) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&bytes[..KEY_LENGTH]);
    key
}
