//! The fields of one item in one buffer, as the item's hash takes them.
//!
//! Each field stands after its canonical path, its length, a word and its type id. So the buffer is hashed as it
//! is, encryption and decryption happen in place, and the stored form of an encrypted attribute, its type id and
//! its bytes, is one slice.

use crate::Unusual;
use crate::primitives::TAG_LENGTH;
use crate::values::TypeId;

const ENCRYPTED_WORD: &[u8; 9] = b"ENCRYPTED";
const PLAINTEXT_WORD: &[u8; 9] = b"PLAINTEXT";
const TYPE_ID_LENGTH: usize = 2;
/// How many bytes an item's fields take at first; most items fit.
const FIRST_CAPACITY: usize = 2048;

/// A signed attribute of a shape, in canonical order.
pub struct Row {
    pub is_encrypted: bool,
    prefix: Vec<u8>,
    path_length: usize,
}

impl Row {
    pub fn new(path: &[u8], is_encrypted: bool) -> Self {
        let word = if is_encrypted {
            ENCRYPTED_WORD
        } else {
            PLAINTEXT_WORD
        };
        Self {
            is_encrypted,
            prefix: [path, &[0; 8], word].concat(),
            path_length: path.len(),
        }
    }

    pub fn path(&self) -> &[u8] {
        &self.prefix[..self.path_length]
    }
}

/// A field: an attribute's type id and its bytes, in the clear or encrypted.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    pub type_id: TypeId,
    pub bytes: &'a [u8],
}

/// An item's fields, one for each row of its shape.
pub struct Fields {
    buffer: Vec<u8>,
    /// Where each field's type id begins, and where its bytes end.
    ends: Vec<(usize, usize)>,
}

impl Fields {
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            buffer: Vec::with_capacity(FIRST_CAPACITY),
            ends: Vec::with_capacity(rows),
        }
    }

    /// Adds a field in the clear, with space for its tag if it will be encrypted.
    pub fn push(
        &mut self,
        row: &Row,
        write: impl FnOnce(&mut Vec<u8>) -> Result<TypeId, Unusual>,
    ) -> Result<(), Unusual> {
        let start = self.begin(row);
        self.buffer.extend_from_slice(&[0; TYPE_ID_LENGTH]);
        let type_id = write(&mut self.buffer)?;
        self.buffer[start..start + TYPE_ID_LENGTH].copy_from_slice(&type_id);
        if row.is_encrypted {
            self.buffer.extend_from_slice(&[0; TAG_LENGTH]);
        }
        self.end(row, start);
        Ok(())
    }

    /// Adds an encrypted field as it is stored: its type id and its ciphertext.
    pub fn push_stored(&mut self, row: &Row, stored: &[u8]) -> Result<(), Unusual> {
        if stored.len() < TYPE_ID_LENGTH + TAG_LENGTH {
            return Err(Unusual);
        }
        let start = self.begin(row);
        self.buffer.extend_from_slice(stored);
        self.end(row, start);
        Ok(())
    }

    fn begin(&mut self, row: &Row) -> usize {
        self.buffer.extend_from_slice(&row.prefix);
        self.buffer.len()
    }

    fn end(&mut self, row: &Row, start: usize) {
        let end = self.buffer.len();
        let length = (end - start - TYPE_ID_LENGTH) as u64;
        let at = start - row.prefix.len() + row.path_length;
        self.buffer[at..at + 8].copy_from_slice(&length.to_be_bytes());
        self.ends.push((start, end));
    }

    /// How many bytes all fields have together.
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    /// What the item's hash takes of the fields.
    pub fn hashed(&self) -> &[u8] {
        &self.buffer
    }

    /// A field's type id and its bytes; of an encrypted field, this is what is stored.
    pub fn stored(&self, position: usize) -> &[u8] {
        let (start, end) = self.ends[position];
        &self.buffer[start..end]
    }

    /// A field that is only signed.
    pub fn signed(&self, position: usize) -> Field<'_> {
        let (start, end) = self.ends[position];
        self.field(start, end)
    }

    /// An encrypted field after it was decrypted.
    pub fn decrypted(&self, position: usize) -> Field<'_> {
        let (start, end) = self.ends[position];
        self.field(start, end - TAG_LENGTH)
    }

    /// The bytes of an encrypted field, its tag included.
    pub fn ciphertext(&mut self, position: usize) -> &mut [u8] {
        let (start, end) = self.ends[position];
        &mut self.buffer[start + TYPE_ID_LENGTH..end]
    }

    fn field(&self, start: usize, end: usize) -> Field<'_> {
        Field {
            type_id: [self.buffer[start], self.buffer[start + 1]],
            bytes: &self.buffer[start + TYPE_ID_LENGTH..end],
        }
    }
}
