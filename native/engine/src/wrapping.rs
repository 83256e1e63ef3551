//! The keyrings that this engine knows: a raw AES key, and one version of a branch key.
//!
//! Each wraps an intermediate key, under which the data key is wrapped; see `dynaseal/materials/keyrings`.

use crate::Unusual;
use crate::hashing::{BranchHmac, branch_hmac, derive_pair, derive_wrapping_key};
use crate::header::EncryptedDataKey;
use crate::primitives::{GcmKey, KEY_LENGTH, Key, NONCE_LENGTH, TAG_LENGTH};

const ENCRYPTION_INFO: &[u8] = b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC";
const TAG_KEY_INFO: &[u8] = b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC";
/// Each intermediate key wraps one data key, so the nonce may be fixed.
const INTERMEDIATE_NONCE: [u8; NONCE_LENGTH] = [0; NONCE_LENGTH];
const WRAPPED_KEY_LENGTH: usize = KEY_LENGTH + TAG_LENGTH;
/// The lengths of tag and nonce in the provider information of a raw AES key, in bits and in bytes.
const RAW_AES_LENGTHS: [u8; 8] = [0, 0, 0, 128, 0, 0, 0, 12];
const HIERARCHY: &[u8] = b"aws-kms-hierarchy";
const SALT_LENGTH: usize = 16;
const VERSION_LENGTH: usize = 16;
/// How many of an item's data keys are tried at most; Python's keyrings try as many, or more.
const MAX_ATTEMPTS: usize = 16;
/// How many random bytes one wrapping takes at most, the intermediate key included.
pub const RANDOM_LENGTH: usize = KEY_LENGTH + SALT_LENGTH + NONCE_LENGTH;

/// Wraps and unwraps data keys.
pub enum Wrapping {
    RawAes {
        namespace: Vec<u8>,
        info: Vec<u8>,
        key: GcmKey,
    },
    BranchKey {
        id: Vec<u8>,
        version: [u8; VERSION_LENGTH],
        key: Box<BranchHmac>,
    },
}

/// A data key as it was wrapped, and the key of its recipient tag.
pub struct Wrapped {
    pub provider_info: Vec<u8>,
    pub ciphertext: Vec<u8>,
    pub tag_key: Key,
}

/// A data key that was unwrapped, and the key of this reader's recipient tag.
pub struct Unwrapped {
    pub data_key: Key,
    pub tag_key: Key,
}

impl Wrapping {
    pub fn raw_aes(namespace: &str, name: &str, key: &[u8]) -> Result<Self, Unusual> {
        let info = [name.as_bytes(), &RAW_AES_LENGTHS].concat();
        Ok(Self::RawAes {
            namespace: namespace.as_bytes().to_vec(),
            info,
            key: GcmKey::new(key)?,
        })
    }

    pub fn branch_key(id: &str, version: [u8; VERSION_LENGTH], key: &[u8]) -> Self {
        Self::BranchKey {
            id: id.as_bytes().to_vec(),
            version,
            key: Box::new(branch_hmac(key)),
        }
    }

    pub fn provider_id(&self) -> &[u8] {
        match self {
            Self::RawAes { namespace, .. } => namespace,
            Self::BranchKey { .. } => HIERARCHY,
        }
    }

    /// Wraps a data key; `random` has the intermediate key, and then what the provider needs.
    pub fn wrap(
        &self,
        data_key: &Key,
        random: &[u8; RANDOM_LENGTH],
        aad: &[u8],
    ) -> Result<Wrapped, Unusual> {
        let (intermediate, random) = random.split_at(KEY_LENGTH);
        let (key, tag_key) = derive_pair(intermediate, [ENCRYPTION_INFO, &[]], [TAG_KEY_INFO, &[]]);
        let mut ciphertext = Vec::with_capacity(160);
        GcmKey::new(key.as_ref())?.encrypt(
            &INTERMEDIATE_NONCE,
            data_key.as_ref(),
            aad,
            &mut ciphertext,
        )?;
        let provider_info = match self {
            Self::RawAes { info, key, .. } => {
                let nonce = &random[..NONCE_LENGTH];
                key.encrypt(nonce, intermediate, aad, &mut ciphertext)?;
                [info, nonce].concat()
            }
            Self::BranchKey { id, version, key } => {
                let (salt, nonce) = random.split_at(SALT_LENGTH);
                ciphertext.extend_from_slice(random);
                ciphertext.extend_from_slice(version);
                let wrapping_key = GcmKey::new(derive_wrapping_key(key, HIERARCHY, salt).as_ref())?;
                wrapping_key.encrypt(
                    nonce,
                    intermediate,
                    &bound(id, version, aad),
                    &mut ciphertext,
                )?;
                id.clone()
            }
        };
        Ok(Wrapped {
            provider_info,
            ciphertext,
            tag_key,
        })
    }

    /// Unwraps the first data key that can be unwrapped.
    pub fn unwrap_one(
        &self,
        data_keys: &[EncryptedDataKey<'_>],
        aad: &[u8],
    ) -> Result<Unwrapped, Unusual> {
        let mut candidates = data_keys
            .iter()
            .filter(|each| self.is_candidate(each))
            .take(MAX_ATTEMPTS);
        candidates
            .find_map(|each| self.unwrap(each, aad).ok())
            .ok_or(Unusual)
    }

    fn is_candidate(&self, wrapped: &EncryptedDataKey<'_>) -> bool {
        wrapped.provider_id == self.provider_id()
            && match self {
                Self::RawAes { info, .. } => wrapped.provider_info.starts_with(info),
                Self::BranchKey { id, .. } => wrapped.provider_info == id,
            }
    }

    fn unwrap(&self, wrapped: &EncryptedDataKey<'_>, aad: &[u8]) -> Result<Unwrapped, Unusual> {
        let (data_key, rest) = wrapped
            .ciphertext
            .split_at_checked(WRAPPED_KEY_LENGTH)
            .ok_or(Unusual)?;
        let intermediate = match self {
            Self::RawAes { info, key, .. } => {
                let nonce = wrapped
                    .provider_info
                    .strip_prefix(info.as_slice())
                    .ok_or(Unusual)?;
                key.decrypt(nonce, rest, aad)?
            }
            Self::BranchKey { id, version, key } => {
                let (salt, rest) = rest.split_at_checked(SALT_LENGTH).ok_or(Unusual)?;
                let (nonce, rest) = rest.split_at_checked(NONCE_LENGTH).ok_or(Unusual)?;
                let (named_version, rest) = rest.split_at_checked(VERSION_LENGTH).ok_or(Unusual)?;
                if named_version != version {
                    return Err(Unusual);
                }
                let wrapping_key = GcmKey::new(derive_wrapping_key(key, HIERARCHY, salt).as_ref())?;
                wrapping_key.decrypt(nonce, rest, &bound(id, version, aad))?
            }
        };
        let (key, tag_key) =
            derive_pair(&intermediate, [ENCRYPTION_INFO, &[]], [TAG_KEY_INFO, &[]]);
        let plaintext = GcmKey::new(key.as_ref())?.decrypt(&INTERMEDIATE_NONCE, data_key, aad)?;
        let mut data_key = Key::default();
        if plaintext.len() != KEY_LENGTH {
            return Err(Unusual);
        }
        data_key.copy_from_slice(&plaintext);
        Ok(Unwrapped { data_key, tag_key })
    }
}

/// The additional data of a data key under a branch key.
fn bound(id: &[u8], version: &[u8], aad: &[u8]) -> Vec<u8> {
    [HIERARCHY, id, version, aad].concat()
}

/// Returns the id and the version of the branch key under which a data key was wrapped, if it was one.
pub fn branch_key_of<'a>(wrapped: &EncryptedDataKey<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let version_at = WRAPPED_KEY_LENGTH + SALT_LENGTH + NONCE_LENGTH;
    let version = wrapped
        .ciphertext
        .get(version_at..version_at + VERSION_LENGTH)?;
    (wrapped.provider_id == HIERARCHY).then_some((wrapped.provider_info, version))
}
