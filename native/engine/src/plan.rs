//! A plan: everything about items of one shape that does not depend on their values.

use aws_lc_rs::rand;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use zeroize::Zeroizing;

use crate::Unusual;
use crate::context::{
    ContextAttribute, TableEntries, decode_public_key, encode_public_key, serialize,
};
use crate::fields::Fields;
use crate::header::{self, EncryptedDataKey, MESSAGE_ID_LENGTH};
use crate::primitives::{KEY_LENGTH, Key};
use crate::sealing::{Layout, OwnedField, Sealed, SealingKeys, UnsealingKeys, seal, unseal};
use crate::signatures::SigningKey;
use crate::values::{SECOND_LEVEL, binary_content, read, write};
use crate::wrapping::{RANDOM_LENGTH, Wrapping};

const TYPE_ID_LENGTH: usize = 2;
/// From how many bytes of work on the GIL is released; below, releasing it costs more than it gives.
const RELEASE_FROM: usize = 32 * 1024;
/// How many bytes of work a signature counts as.
const SIGNATURE_WORK: usize = 64 * 1024;

/// A keyring that this engine knows, ready for use.
#[pyclass(frozen)]
pub struct Wrapper(pub Wrapping);

#[pymethods]
impl Wrapper {
    /// Make the wrapper of a raw AES keyring.
    #[staticmethod]
    fn raw_aes(namespace: &str, name: &str, key: &[u8]) -> PyResult<Self> {
        Ok(Self(Wrapping::raw_aes(namespace, name, key)?))
    }

    /// Make the wrapper of one version of a branch key.
    #[staticmethod]
    fn branch_key(branch_key_id: &str, version: [u8; 16], key: &[u8]) -> Self {
        Self(Wrapping::branch_key(branch_key_id, version, key))
    }
}

/// What happens to the attributes of items of one shape.
#[pyclass(frozen)]
pub struct Plan {
    layout: Layout,
    encrypted: Vec<Py<PyString>>,
    signed: Vec<Py<PyString>>,
    dropped: Vec<Py<PyString>>,
    context: Vec<ContextAttribute>,
    table: TableEntries,
}

/// A stored item, taken from Python's objects.
pub struct Stored<'py> {
    fields: Fields,
    header: Bound<'py, PyBytes>,
    footer: Bound<'py, PyBytes>,
}

/// The bytes of a stored item, which need no Python.
pub struct StoredBytes<'a> {
    fields: &'a Fields,
    header: &'a [u8],
    footer: &'a [u8],
}

impl Stored<'_> {
    pub fn bytes(&self) -> StoredBytes<'_> {
        let (header, footer) = (self.header.as_bytes(), self.footer.as_bytes());
        StoredBytes {
            fields: &self.fields,
            header,
            footer,
        }
    }
}

impl StoredBytes<'_> {
    pub fn work(&self) -> usize {
        let is_signed = self.header.get(1) == Some(&1);
        self.fields.size() + if is_signed { SIGNATURE_WORK } else { 0 }
    }
}

#[pymethods]
impl Plan {
    /// Make a plan.
    ///
    /// Args:
    ///     `version`: The header's version.
    ///     `legend`: One byte for each signed attribute, in canonical order.
    ///     `paths`: Their canonical paths.
    ///     `encrypted`: The names of the encrypted attributes, in that order.
    ///     `signed`: The names of those that are only signed.
    ///     `dropped`: The names that a reader does not see.
    ///     `context`: For each attribute in the encryption context, its entry's key and its position in `signed`.
    ///     `table_entries`: The table's entries of the encryption context, serialised: those before the public
    ///         key's place, those after it, and how many they are together.
    #[new]
    #[pyo3(signature = (*, version, legend, paths, encrypted, signed, dropped, context, table_entries))]
    #[expect(clippy::too_many_arguments, reason = "all of them are named")]
    fn new(
        version: u8,
        legend: &[u8],
        paths: Vec<Vec<u8>>,
        encrypted: Vec<Py<PyString>>,
        signed: Vec<Py<PyString>>,
        dropped: Vec<Py<PyString>>,
        context: Vec<(Vec<u8>, usize)>,
        table_entries: (Vec<u8>, Vec<u8>, usize),
    ) -> PyResult<Self> {
        let has_one_byte_per_path = paths.len() == legend.len();
        let layout = Layout::new(version, paths, legend);
        let is_consistent = has_one_byte_per_path
            && layout.encrypted() == encrypted.len()
            && layout.signed() == signed.len()
            && context.iter().all(|(_, position)| *position < signed.len());
        if !is_consistent {
            return Err(Unusual.into());
        }
        let (before_public_key, after_public_key, count) = table_entries;
        Ok(Self {
            layout,
            encrypted,
            signed,
            dropped,
            context: context
                .into_iter()
                .map(|(key, position)| ContextAttribute { key, position })
                .collect(),
            table: TableEntries {
                before_public_key,
                after_public_key,
                count,
            },
        })
    }

    /// Encrypt an item; None if Python's engine must decide.
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        item: &Bound<'py, PyDict>,
        wrapper: &Wrapper,
        is_signed: bool,
    ) -> Option<Bound<'py, PyDict>> {
        let fields = self.plaintext_fields(py, item).ok()?;
        let work = fields.size() + if is_signed { SIGNATURE_WORK } else { 0 };
        let sealed = released(py, work, || self.sealed(&fields, &wrapper.0, is_signed)).ok()?;
        self.stored_item(py, item, &sealed).ok()
    }

    /// Verify and decrypt an item; None if Python's engine must decide.
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        item: &Bound<'py, PyDict>,
        wrapper: &Wrapper,
    ) -> Option<Bound<'py, PyDict>> {
        let stored = self.stored_fields(py, item).ok()?;
        let bytes = stored.bytes();
        let plaintext = released(py, bytes.work(), || self.unsealed(&bytes, &wrapper.0)).ok()?;
        self.plaintext_item(py, item, &plaintext).ok()
    }
}

impl Plan {
    /// Serialises an item that is to be encrypted.
    pub fn plaintext_fields(
        &self,
        py: Python<'_>,
        item: &Bound<'_, PyDict>,
    ) -> Result<Fields, Unusual> {
        let mut fields = Fields::with_capacity(self.encrypted.len(), self.signed.len());
        for name in &self.encrypted {
            let start = fields.buffer().len();
            let value = item.get_item(name.bind(py))?.ok_or(Unusual)?;
            let type_id = write(&value, SECOND_LEVEL, fields.buffer())?;
            fields.push_encrypted(type_id, start);
        }
        self.add_signed_fields(py, item, &mut fields)?;
        Ok(fields)
    }

    /// Takes the fields, the header and the footer of a stored item.
    pub fn stored_fields<'py>(
        &self,
        py: Python<'py>,
        item: &Bound<'py, PyDict>,
    ) -> Result<Stored<'py>, Unusual> {
        let mut fields = Fields::with_capacity(self.encrypted.len(), self.signed.len());
        for name in &self.encrypted {
            let value = item.get_item(name.bind(py))?.ok_or(Unusual)?;
            let content = binary_content(&value)?;
            let (type_id, bytes) = content
                .as_bytes()
                .split_at_checked(TYPE_ID_LENGTH)
                .ok_or(Unusual)?;
            let start = fields.buffer().len();
            fields.buffer().extend_from_slice(bytes);
            fields.push_encrypted(type_id.try_into().map_err(|_| Unusual)?, start);
        }
        self.add_signed_fields(py, item, &mut fields)?;
        let header = format_attribute(item, intern!(py, "aws_dbe_head"))?;
        let footer = format_attribute(item, intern!(py, "aws_dbe_foot"))?;
        Ok(Stored {
            fields,
            header,
            footer,
        })
    }

    fn add_signed_fields(
        &self,
        py: Python<'_>,
        item: &Bound<'_, PyDict>,
        fields: &mut Fields,
    ) -> Result<(), Unusual> {
        for name in &self.signed {
            let start = fields.buffer().len();
            let value = item.get_item(name.bind(py))?.ok_or(Unusual)?;
            let type_id = write(&value, SECOND_LEVEL, fields.buffer())?;
            fields.push_signed(type_id, start);
        }
        Ok(())
    }

    /// Seals an item under a fresh data key.
    pub fn sealed(
        &self,
        fields: &Fields,
        wrapping: &Wrapping,
        is_signed: bool,
    ) -> Result<Sealed, Unusual> {
        let mut message_id = [0; MESSAGE_ID_LENGTH];
        let mut secrets = Zeroizing::new([0; KEY_LENGTH + RANDOM_LENGTH]);
        rand::fill(&mut message_id).map_err(|_| Unusual)?;
        rand::fill(secrets.as_mut()).map_err(|_| Unusual)?;
        let (new_data_key, random) = secrets.split_at(KEY_LENGTH);
        let mut data_key = Key::default();
        data_key.copy_from_slice(new_data_key);
        let signing_key = if is_signed {
            Some(SigningKey::generate()?)
        } else {
            None
        };
        let public_key = signing_key
            .as_ref()
            .map(|key| encode_public_key(&key.public_key()));

        let context = self.serialized_context(fields, public_key.as_deref())?;
        let wrapped =
            wrapping.wrap(&data_key, random.try_into().map_err(|_| Unusual)?, &context)?;
        let keys = SealingKeys {
            context: &context,
            stored_context: &header::write_stored_context(public_key.as_deref())?,
            data_keys: &[EncryptedDataKey {
                provider_id: wrapping.provider_id(),
                provider_info: &wrapped.provider_info,
                ciphertext: &wrapped.ciphertext,
            }],
            data_key: &data_key,
            tag_keys: &[wrapped.tag_key.as_ref()],
            signing_key: signing_key.as_ref(),
        };
        seal(&self.layout, fields, &keys, &message_id)
    }

    /// Checks a stored item and decrypts its fields.
    pub fn unsealed(
        &self,
        stored: &StoredBytes<'_>,
        wrapping: &Wrapping,
    ) -> Result<Vec<OwnedField>, Unusual> {
        let parsed = header::parse(stored.header)?;
        if parsed.version != self.layout.version || parsed.legend != self.layout.legend {
            return Err(Unusual);
        }
        let context = self.serialized_context(stored.fields, parsed.public_key)?;
        let point = parsed.public_key.map(decode_public_key).transpose()?;
        let unwrapped = wrapping.unwrap_one(&parsed.data_keys, &context)?;
        let keys = UnsealingKeys {
            context: &context,
            data_key: &unwrapped.data_key,
            tag_key: &unwrapped.tag_key,
            point: point.as_deref(),
        };
        unseal(&self.layout, stored.fields, &parsed, stored.footer, &keys)
    }

    fn serialized_context(
        &self,
        fields: &Fields,
        public_key: Option<&[u8]>,
    ) -> Result<Vec<u8>, Unusual> {
        serialize(
            self.layout.version,
            &self.table,
            &self.context,
            fields,
            public_key,
        )
    }

    /// Returns the item to store.
    pub fn stored_item<'py>(
        &self,
        py: Python<'py>,
        item: &Bound<'py, PyDict>,
        sealed: &Sealed,
    ) -> Result<Bound<'py, PyDict>, Unusual> {
        let result = item.copy()?;
        for (name, (type_id, bytes)) in self.encrypted.iter().zip(&sealed.encrypted) {
            result.set_item(name.bind(py), binary_value(py, &[type_id, bytes])?)?;
        }
        result.set_item(
            intern!(py, "aws_dbe_head"),
            binary_value(py, &[&sealed.header])?,
        )?;
        result.set_item(
            intern!(py, "aws_dbe_foot"),
            binary_value(py, &[&sealed.footer])?,
        )?;
        Ok(result)
    }

    /// Returns the item for the caller.
    pub fn plaintext_item<'py>(
        &self,
        py: Python<'py>,
        item: &Bound<'py, PyDict>,
        plaintext: &[OwnedField],
    ) -> Result<Bound<'py, PyDict>, Unusual> {
        let result = item.copy()?;
        for name in &self.dropped {
            result.del_item(name.bind(py))?;
        }
        for (name, (type_id, bytes)) in self.encrypted.iter().zip(plaintext) {
            result.set_item(name.bind(py), read(py, *type_id, bytes, SECOND_LEVEL)?)?;
        }
        Ok(result)
    }
}

/// Does work without the GIL, if it is enough work.
fn released<T: Send>(py: Python<'_>, size: usize, work: impl FnOnce() -> T + Send) -> T {
    if size >= RELEASE_FROM {
        py.detach(work)
    } else {
        work()
    }
}

/// Returns the content of the header or the footer of an item.
pub fn format_attribute<'py>(
    item: &Bound<'py, PyDict>,
    name: &Bound<'py, PyString>,
) -> Result<Bound<'py, PyBytes>, Unusual> {
    binary_content(&item.get_item(name)?.ok_or(Unusual)?)
}

/// Makes `{"B": ...}` of bytes in parts.
fn binary_value<'py>(py: Python<'py>, parts: &[&[u8]]) -> Result<Bound<'py, PyDict>, Unusual> {
    let length = parts.iter().map(|part| part.len()).sum();
    let content = PyBytes::new_with(py, length, |buffer| {
        let mut rest = buffer;
        for part in parts {
            let (start, after) = rest.split_at_mut(part.len());
            start.copy_from_slice(part);
            rest = after;
        }
        Ok(())
    })?;
    let value = PyDict::new(py);
    value.set_item(intern!(py, "B"), content)?;
    Ok(value)
}
