//! Sealing and unsealing: fields, keys and randomness in; header, footer and fields out, and back.
//!
//! The order of the checks is the specification's, as in `dynaseal/core/engine.py`: commitment, recipient tag,
//! signature, then decryption. No plaintext exists before every check has passed.

use crate::Unusual;
use crate::fields::{Fields, Row};
use crate::hashing::{
    HASH_LENGTH, RECIPIENT_TAG_LENGTH, derive_pair, hash, header_commitment, recipient_tag,
};
use crate::header::{EncryptedDataKey, MESSAGE_ID_LENGTH, MarkedHeader, Start, write_partial};
use crate::primitives::{FieldKeys, Key, check_equal, check_one_of};
use crate::signatures::{SIGNATURE_LENGTH, verify};

const COMMIT_INFO: &[u8] = b"AWS_DBE_COMMIT_KEY";
const DERIVE_INFO: &[u8] = b"AWS_DBE_DERIVE_KEY";
const ENCRYPTED: u8 = b'e';

/// What sealing needs to know of an item's shape.
pub struct Layout {
    pub version: u8,
    pub legend: Vec<u8>,
    /// Its signed attributes, in canonical order.
    pub rows: Vec<Row>,
}

impl Layout {
    pub fn new(version: u8, paths: &[Vec<u8>], legend: &[u8]) -> Self {
        let rows = paths.iter().zip(legend);
        Self {
            version,
            legend: legend.to_vec(),
            rows: rows
                .map(|(path, byte)| Row::new(path, *byte == ENCRYPTED))
                .collect(),
        }
    }

    /// The positions and the paths of the encrypted attributes.
    pub fn encrypted(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let rows = self.rows.iter().enumerate();
        rows.filter(|(_, row)| row.is_encrypted)
            .map(|(position, row)| (position, row.path()))
    }

    fn field_keys(&self, root: &Key) -> Result<FieldKeys, Unusual> {
        FieldKeys::new(root, self.encrypted().count())
    }
}

/// Everything that sealing needs besides the fields.
pub struct SealingKeys<'a> {
    pub context: &'a [u8],
    pub stored_context: &'a [u8],
    pub data_keys: &'a [EncryptedDataKey<'a>],
    pub data_key: &'a Key,
    pub tag_keys: &'a [&'a [u8]],
    pub is_signed: bool,
}

/// The header and the footer of a sealed item, the footer without the signature.
pub struct Sealed {
    pub header: Vec<u8>,
    pub footer: Vec<u8>,
    /// What the signature signs.
    pub hash: [u8; HASH_LENGTH],
}

/// Encrypts an item's fields in place, and signs all of them.
pub fn seal(
    layout: &Layout,
    fields: &mut Fields,
    keys: &SealingKeys<'_>,
    message_id: &[u8; MESSAGE_ID_LENGTH],
) -> Result<Sealed, Unusual> {
    let start = Start {
        version: layout.version,
        is_signed: keys.is_signed,
        message_id,
        legend: &layout.legend,
        stored_context: keys.stored_context,
    };
    let mut header = write_partial(&start, keys.data_keys)?;
    let (commit_key, root) = derive_pair(
        keys.data_key.as_ref(),
        [COMMIT_INFO, message_id],
        [DERIVE_INFO, message_id],
    );
    let commitment = header_commitment(&commit_key, &header);
    header.extend_from_slice(&commitment);

    let field_keys = layout.field_keys(&root)?;
    for ((position, path), key) in layout.encrypted().zip(field_keys.iter()) {
        key.encrypt_in_place(path, fields.ciphertext(position))?;
    }
    let hash = canonical_hash(&header, keys.context, fields);

    let mut footer =
        Vec::with_capacity(keys.tag_keys.len() * RECIPIENT_TAG_LENGTH + SIGNATURE_LENGTH);
    for key in keys.tag_keys {
        footer.extend_from_slice(&recipient_tag(key, &hash));
    }
    Ok(Sealed {
        header,
        footer,
        hash,
    })
}

/// Everything that unsealing needs besides the item.
pub struct UnsealingKeys<'a> {
    pub context: &'a [u8],
    pub data_key: &'a Key,
    pub tag_key: &'a [u8],
    /// The item's public key, in a suite that signs.
    pub point: Option<&'a [u8]>,
}

/// Checks an item whole, then decrypts its encrypted fields in place.
pub fn unseal(
    layout: &Layout,
    fields: &mut Fields,
    header: &MarkedHeader<'_>,
    footer: &[u8],
    keys: &UnsealingKeys<'_>,
) -> Result<(), Unusual> {
    let message_id = header.message_id;
    let (commit_key, root) = derive_pair(
        keys.data_key.as_ref(),
        [COMMIT_INFO, message_id],
        [DERIVE_INFO, message_id],
    );
    check_equal(
        header.commitment,
        &header_commitment(&commit_key, header.partial),
    )?;
    let (tags, signature) = footer
        .split_at_checked(header.data_key_count * RECIPIENT_TAG_LENGTH)
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
    let hash = canonical_hash(header.whole, keys.context, fields);
    let tag = recipient_tag(keys.tag_key, &hash);
    check_one_of(tags.chunks_exact(RECIPIENT_TAG_LENGTH), &tag)?;
    if let Some(point) = keys.point {
        verify(point, &hash, signature)?;
    }
    let field_keys = layout.field_keys(&root)?;
    for ((position, path), key) in layout.encrypted().zip(field_keys.iter()) {
        key.decrypt_in_place(path, fields.ciphertext(position))?;
    }
    Ok(())
}

/// Hashes everything that is signed: header, encryption context, and the fields as they are stored.
fn canonical_hash(header: &[u8], context: &[u8], fields: &Fields) -> [u8; HASH_LENGTH] {
    hash(&[
        header,
        &(context.len() as u64).to_be_bytes(),
        context,
        fields.hashed(),
    ])
}
