//! Sealing and unsealing: fields, keys and randomness in; header, footer and fields out, and back.
//!
//! The order of the checks is the specification's, as in `dynaseal/core/engine.py`: commitment, recipient tag,
//! signature, then decryption. No plaintext exists before every check has passed.

use zeroize::Zeroizing;

use crate::Unusual;
use crate::fields::{Field, Fields};
use crate::header::{EncryptedDataKey, Header, MESSAGE_ID_LENGTH, Start, write_partial};
use crate::primitives::{
    FieldKeys, HASH_LENGTH, Hash, Key, RECIPIENT_TAG_LENGTH, TAG_LENGTH, check_equal, check_one_of,
    derive_pair, header_commitment, recipient_tag,
};
use crate::signatures::{SIGNATURE_LENGTH, SigningKey, verify};
use crate::values::TypeId;

const COMMIT_INFO: &[u8] = b"AWS_DBE_COMMIT_KEY";
const DERIVE_INFO: &[u8] = b"AWS_DBE_DERIVE_KEY";
const ENCRYPTED: u8 = b'e';
const ENCRYPTED_WORD: &[u8; 9] = b"ENCRYPTED";
const PLAINTEXT_WORD: &[u8; 9] = b"PLAINTEXT";

/// A field whose bytes are its own: a ciphertext, or a plaintext that is wiped when it is dropped.
pub type OwnedField = (TypeId, Zeroizing<Vec<u8>>);

/// What sealing needs to know of an item's shape.
pub struct Layout {
    pub version: u8,
    pub legend: Vec<u8>,
    rows: Vec<Row>,
    encrypted_paths: Vec<Vec<u8>>,
}

/// A signed attribute, in canonical order.
struct Row {
    path: Vec<u8>,
    is_encrypted: bool,
    /// Its position among the encrypted fields, or among those that are only signed.
    position: usize,
}

impl Layout {
    pub fn new(version: u8, paths: Vec<Vec<u8>>, legend: &[u8]) -> Self {
        let (mut encrypted, mut signed) = (0, 0);
        let mut encrypted_paths = Vec::new();
        let mut rows = Vec::with_capacity(paths.len());
        for (path, byte) in paths.into_iter().zip(legend) {
            let is_encrypted = *byte == ENCRYPTED;
            let count = if is_encrypted {
                &mut encrypted
            } else {
                &mut signed
            };
            if is_encrypted {
                encrypted_paths.push(path.clone());
            }
            rows.push(Row {
                path,
                is_encrypted,
                position: *count,
            });
            *count += 1;
        }
        Self {
            version,
            legend: legend.to_vec(),
            rows,
            encrypted_paths,
        }
    }

    /// How many attributes are encrypted.
    pub fn encrypted(&self) -> usize {
        self.encrypted_paths.len()
    }

    /// How many attributes are signed and not encrypted.
    pub fn signed(&self) -> usize {
        self.rows.len() - self.encrypted()
    }

    fn field_keys(&self, root: &Key) -> Result<FieldKeys, Unusual> {
        FieldKeys::new(root, self.encrypted())
    }
}

/// Everything that sealing needs besides the fields.
pub struct SealingKeys<'a> {
    pub context: &'a [u8],
    pub stored_context: &'a [u8],
    pub data_keys: &'a [EncryptedDataKey<'a>],
    pub data_key: &'a Key,
    pub tag_keys: &'a [&'a [u8]],
    pub signing_key: Option<&'a SigningKey>,
}

/// A sealed item.
pub struct Sealed {
    pub header: Vec<u8>,
    pub footer: Vec<u8>,
    pub encrypted: Vec<OwnedField>,
}

/// Encrypts an item's fields, and signs all of them.
pub fn seal(
    layout: &Layout,
    fields: &Fields,
    keys: &SealingKeys<'_>,
    message_id: &[u8; MESSAGE_ID_LENGTH],
) -> Result<Sealed, Unusual> {
    let start = Start {
        version: layout.version,
        is_signed: keys.signing_key.is_some(),
        message_id,
        legend: &layout.legend,
        stored_context: keys.stored_context,
    };
    let mut header = write_partial(&start, keys.data_keys)?;
    let (commit_key, root) = derive_pair(
        keys.data_key.as_ref(),
        &[COMMIT_INFO, message_id],
        &[DERIVE_INFO, message_id],
    );
    let commitment = header_commitment(&commit_key, &header);
    header.extend_from_slice(&commitment);

    let field_keys = layout.field_keys(&root)?;
    let mut encrypted = Vec::with_capacity(layout.encrypted());
    for ((field, path), (key, nonce)) in fields
        .all_encrypted()
        .zip(&layout.encrypted_paths)
        .zip(field_keys.iter())
    {
        let mut ciphertext = Vec::with_capacity(field.bytes.len() + TAG_LENGTH);
        key?.encrypt(nonce, field.bytes, path, &mut ciphertext)?;
        encrypted.push((field.type_id, Zeroizing::new(ciphertext)));
    }
    let hash = canonical_hash(&header, keys.context, layout, |row| {
        if row.is_encrypted {
            let (type_id, bytes) = &encrypted[row.position];
            Field {
                type_id: *type_id,
                bytes,
            }
        } else {
            fields.signed(row.position)
        }
    });

    let mut footer =
        Vec::with_capacity(keys.tag_keys.len() * RECIPIENT_TAG_LENGTH + SIGNATURE_LENGTH);
    for key in keys.tag_keys {
        footer.extend_from_slice(recipient_tag(key, &hash).as_ref());
    }
    if let Some(key) = keys.signing_key {
        footer.extend(key.sign(&hash)?);
    }
    Ok(Sealed {
        header,
        footer,
        encrypted,
    })
}

/// Everything that unsealing needs besides the item.
pub struct UnsealingKeys<'a> {
    pub context: &'a [u8],
    pub data_key: &'a Key,
    pub tag_key: &'a Key,
    /// The item's public key, in a suite that signs.
    pub point: Option<&'a [u8]>,
}

/// Checks an item whole, then decrypts its encrypted fields.
pub fn unseal(
    layout: &Layout,
    fields: &Fields,
    header: &Header<'_>,
    footer: &[u8],
    keys: &UnsealingKeys<'_>,
) -> Result<Vec<OwnedField>, Unusual> {
    let message_id = header.message_id;
    let (commit_key, root) = derive_pair(
        keys.data_key.as_ref(),
        &[COMMIT_INFO, message_id],
        &[DERIVE_INFO, message_id],
    );
    check_equal(
        header.commitment,
        &header_commitment(&commit_key, header.partial),
    )?;
    let (tags, signature) = footer
        .split_at_checked(header.data_keys.len() * RECIPIENT_TAG_LENGTH)
        .ok_or(Unusual)?;
    if signature.len()
        != if keys.point.is_some() {
            SIGNATURE_LENGTH
        } else {
            0
        }
    {
        return Err(Unusual);
    }
    let hash = canonical_hash(header.whole, keys.context, layout, |row| {
        if row.is_encrypted {
            fields.encrypted(row.position)
        } else {
            fields.signed(row.position)
        }
    });
    let tag = recipient_tag(keys.tag_key.as_ref(), &hash);
    check_one_of(tags.chunks_exact(RECIPIENT_TAG_LENGTH), tag.as_ref())?;
    if let Some(point) = keys.point {
        verify(point, &hash, signature)?;
    }
    let field_keys = layout.field_keys(&root)?;
    fields
        .all_encrypted()
        .zip(&layout.encrypted_paths)
        .zip(field_keys.iter())
        .map(|((field, path), (key, nonce))| {
            Ok((field.type_id, key?.decrypt(nonce, field.bytes, path)?))
        })
        .collect()
}

/// Hashes everything that is signed: header, encryption context, and the fields as they are stored.
fn canonical_hash<'a>(
    header: &[u8],
    context: &[u8],
    layout: &Layout,
    field: impl Fn(&Row) -> Field<'a>,
) -> [u8; HASH_LENGTH] {
    let mut hash = Hash::new();
    hash.update(header);
    hash.update(&(context.len() as u64).to_be_bytes());
    hash.update(context);
    for row in &layout.rows {
        let Field { type_id, bytes } = field(row);
        let mut head = [0; 19];
        head[..8].copy_from_slice(&(bytes.len() as u64).to_be_bytes());
        head[8..17].copy_from_slice(if row.is_encrypted {
            ENCRYPTED_WORD
        } else {
            PLAINTEXT_WORD
        });
        head[17..].copy_from_slice(&type_id);
        hash.update(&row.path);
        hash.update(&head);
        hash.update(bytes);
    }
    hash.finish()
}
