//! A plan: everything about items of one shape that does not depend on their values.

use aws_lc_rs::rand;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyString};
use zeroize::Zeroizing;

use crate::Unusual;
use crate::context::{
    ContextAttribute, TableEntries, decode_public_key, encode_public_key, serialize,
};
use crate::fields::Fields;
use crate::header::{self, EncryptedDataKey, MESSAGE_ID_LENGTH};
use crate::materials::{PlaintextFields, StoredFields};
use crate::primitives::{KEY_LENGTH, Key};
use crate::sealing::{Layout, Sealed, SealingKeys, UnsealingKeys, seal, unseal};
use crate::signatures::SigningKey;
use crate::values::{SECOND_LEVEL, binary_content, read, write};
use crate::whole_items::{Decrypting, Encrypting, one};
use crate::wrapping::{RANDOM_LENGTH, Wrapping};

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
    /// The name of each row's attribute.
    names: Vec<Py<PyString>>,
    dropped: Vec<Py<PyString>>,
    context: Vec<ContextAttribute>,
    table: TableEntries,
}

/// A stored item, taken from Python's objects.
pub struct Stored {
    pub fields: Fields,
    pub header: PyBackedBytes,
    pub footer: PyBackedBytes,
}

impl Stored {
    /// Whether it has a signature, as its header says.
    pub fn is_signed(&self) -> bool {
        self.header.get(1) == Some(&1)
    }
}

/// How much work an item is, in bytes.
pub fn work(fields: &Fields, is_signed: bool) -> usize {
    fields.size() + if is_signed { SIGNATURE_WORK } else { 0 }
}

#[pymethods]
impl Plan {
    /// Make a plan.
    ///
    /// Args:
    ///     `version`: The header's version.
    ///     `legend`: One byte for each signed attribute, in canonical order.
    ///     `paths`: Their canonical paths.
    ///     `names`: Their names.
    ///     `dropped`: The names that a reader does not see.
    ///     `context`: For each attribute in the encryption context, its entry's key and its position in `names`.
    ///     `table_entries`: The table's entries of the encryption context, serialised: those before the public
    ///         key's place, those after it, and how many they are together.
    #[new]
    #[pyo3(signature = (*, version, legend, paths, names, dropped, context, table_entries))]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "Python's arguments are converted"
    )]
    fn new(
        version: u8,
        legend: &[u8],
        paths: Vec<Vec<u8>>,
        names: Vec<Py<PyString>>,
        dropped: Vec<Py<PyString>>,
        context: Vec<(Vec<u8>, usize)>,
        table_entries: (Vec<u8>, Vec<u8>, usize),
    ) -> PyResult<Self> {
        let layout = Layout::new(version, &paths, legend);
        let is_consistent = paths.len() == legend.len()
            && paths.len() == names.len()
            && context.iter().all(|(_, position)| {
                let row = layout.rows.get(*position);
                row.is_some_and(|row| !row.is_encrypted)
            });
        if !is_consistent {
            return Err(Unusual.into());
        }
        let (before_public_key, after_public_key, count) = table_entries;
        Ok(Self {
            layout,
            names,
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
        item: &Bound<'py, PyAny>,
        wrapper: &Wrapper,
        is_signed: bool,
    ) -> Option<Bound<'py, PyDict>> {
        let direction = Encrypting { is_signed };
        one(&direction, self, item, wrapper).ok()
    }

    /// Verify and decrypt an item; None if Python's engine must decide.
    fn decrypt<'py>(
        &self,
        item: &Bound<'py, PyAny>,
        wrapper: &Wrapper,
    ) -> Option<Bound<'py, PyDict>> {
        one(&Decrypting, self, item, wrapper).ok()
    }

    /// Take an item that is to be encrypted with materials that Python makes; None if Python's engine must.
    fn plaintext_fields(slf: &Bound<'_, Self>, item: &Bound<'_, PyAny>) -> Option<PlaintextFields> {
        PlaintextFields::new(slf, item).ok()
    }

    /// Take a stored item that is to be decrypted with materials that Python makes; None if Python's engine must.
    fn stored_fields(slf: &Bound<'_, Self>, item: &Bound<'_, PyAny>) -> Option<StoredFields> {
        StoredFields::new(slf, item).ok()
    }
}

impl Plan {
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many entries an item's attributes add to the encryption context.
    pub fn context_entries(&self) -> usize {
        self.context.len() + usize::from(self.layout.version == 2)
    }

    /// Serialises an item that is to be encrypted.
    pub fn read_plaintext(&self, item: &Bound<'_, PyDict>) -> Result<Fields, Unusual> {
        let py = item.py();
        let mut fields = Fields::with_capacity(self.names.len());
        for (row, name) in self.layout.rows.iter().zip(&self.names) {
            let value = item.get_item(name.bind(py))?.ok_or(Unusual)?;
            fields.push(row, |out| write(&value, SECOND_LEVEL, out))?;
        }
        Ok(fields)
    }

    /// Takes the fields, the header and the footer of a stored item.
    pub fn read_stored(&self, item: &Bound<'_, PyDict>) -> Result<Stored, Unusual> {
        let py = item.py();
        let mut fields = Fields::with_capacity(self.names.len());
        for (row, name) in self.layout.rows.iter().zip(&self.names) {
            let value = item.get_item(name.bind(py))?.ok_or(Unusual)?;
            if row.is_encrypted {
                fields.push_stored(row, binary_content(&value)?.as_bytes())?;
            } else {
                fields.push(row, |out| write(&value, SECOND_LEVEL, out))?;
            }
        }
        Ok(Stored {
            fields,
            header: format_attribute(item, intern!(py, "aws_dbe_head"))?.into(),
            footer: format_attribute(item, intern!(py, "aws_dbe_foot"))?.into(),
        })
    }

    /// Seals an item under a fresh data key.
    pub fn seal_under(
        &self,
        fields: &mut Fields,
        wrapping: &Wrapping,
        is_signed: bool,
    ) -> Result<Sealed, Unusual> {
        let mut random = Zeroizing::new([0; MESSAGE_ID_LENGTH + KEY_LENGTH + RANDOM_LENGTH]);
        rand::fill(random.as_mut()).map_err(|_| Unusual)?;
        let (message_id, random) = random.split_first_chunk().ok_or(Unusual)?;
        let (new_data_key, random) = random.split_first_chunk().ok_or(Unusual)?;
        let data_key = Key::new(*new_data_key);
        let signing_key = is_signed.then(SigningKey::generate).transpose()?;
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
            is_signed,
        };
        let mut sealed = seal(&self.layout, fields, &keys, message_id)?;
        if let Some(key) = &signing_key {
            sealed.footer.extend(key.sign(&sealed.hash)?);
        }
        Ok(sealed)
    }

    /// Checks a stored item and decrypts its fields.
    pub fn unseal_under(&self, stored: &mut Stored, wrapping: &Wrapping) -> Result<(), Unusual> {
        let parsed = header::parse(&stored.header)?;
        if parsed.version != self.layout.version || parsed.legend != self.layout.legend {
            return Err(Unusual);
        }
        let context = self.serialized_context(&stored.fields, parsed.public_key)?;
        let point = parsed.public_key.map(decode_public_key).transpose()?;
        let unwrapped = wrapping.unwrap_one(&parsed.data_keys, &context)?;
        let keys = UnsealingKeys {
            context: &context,
            data_key: &unwrapped.data_key,
            tag_key: unwrapped.tag_key.as_ref(),
            point: point.as_deref(),
        };
        unseal(
            &self.layout,
            &mut stored.fields,
            parsed.marked(),
            &stored.footer,
            &keys,
        )
    }

    /// Serialises an item's encryption context, with the entry of a public key if there is one.
    pub fn serialized_context(
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
        item: &Bound<'py, PyDict>,
        fields: &Fields,
        sealed: &Sealed,
    ) -> Result<Bound<'py, PyDict>, Unusual> {
        let py = item.py();
        let result = item.copy()?;
        for (position, _) in self.layout.encrypted() {
            let name = self.names[position].bind(py);
            result.set_item(name, binary_value(py, fields.stored(position))?)?;
        }
        result.set_item(
            intern!(py, "aws_dbe_head"),
            binary_value(py, &sealed.header)?,
        )?;
        result.set_item(
            intern!(py, "aws_dbe_foot"),
            binary_value(py, &sealed.footer)?,
        )?;
        Ok(result)
    }

    /// Returns the item for the caller.
    pub fn plaintext_item<'py>(
        &self,
        item: &Bound<'py, PyDict>,
        fields: &Fields,
    ) -> Result<Bound<'py, PyDict>, Unusual> {
        let py = item.py();
        let result = item.copy()?;
        for name in &self.dropped {
            result.del_item(name.bind(py))?;
        }
        for (position, _) in self.layout.encrypted() {
            let field = fields.decrypted(position);
            let value = read(py, field.type_id, field.bytes, SECOND_LEVEL)?;
            result.set_item(self.names[position].bind(py), value)?;
        }
        Ok(result)
    }
}

/// Does work without the GIL, if it is enough work.
pub fn released<T: Send>(py: Python<'_>, size: usize, work: impl FnOnce() -> T + Send) -> T {
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

/// Makes `{"B": ...}`.
fn binary_value<'py>(py: Python<'py>, bytes: &[u8]) -> Result<Bound<'py, PyDict>, Unusual> {
    let value = PyDict::new(py);
    value.set_item(intern!(py, "B"), PyBytes::new(py, bytes))?;
    Ok(value)
}
