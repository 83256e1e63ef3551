//! Items whose data keys Python's keyrings make, wrap and unwrap: this engine does the rest.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::Unusual;
use crate::bytes::Reader;
use crate::fields::Fields;
use crate::header::{EncryptedDataKey, MESSAGE_ID_LENGTH, MarkedHeader};
use crate::plan::{Plan, Stored, released, work};
use crate::primitives::{KEY_LENGTH, Key};
use crate::sealing::{SealingKeys, UnsealingKeys, seal, unseal};

/// The encryption context that a plan's attributes and its table give an item.
struct ItemContext {
    serialized: Py<PyBytes>,
    entries: Py<PyDict>,
}

impl ItemContext {
    fn new(py: Python<'_>, plan: &Plan, fields: &Fields) -> Result<Self, Unusual> {
        let serialized = plan.serialized_context(fields, None)?;
        let entries = PyDict::new(py);
        let mut reader = Reader::new(&serialized);
        reader.short()?;
        for _ in 0..plan.context_entries() {
            let [key, value] = [reader.sized_by_short()?, reader.sized_by_short()?]
                .map(|bytes| std::str::from_utf8(bytes).map(|text| PyString::new(py, text)));
            entries.set_item(key.map_err(|_| Unusual)?, value.map_err(|_| Unusual)?)?;
        }
        Ok(Self {
            serialized: PyBytes::new(py, &serialized).unbind(),
            entries: entries.unbind(),
        })
    }
}

/// The fields of an item that is to be encrypted. They can be used once.
#[pyclass(frozen)]
pub struct PlaintextFields {
    plan: Py<Plan>,
    item: Py<PyDict>,
    fields: Mutex<Option<Fields>>,
    context: ItemContext,
}

/// A wrapped data key: provider id, provider information and ciphertext.
type WrappedKey = (PyBackedStr, PyBackedBytes, PyBackedBytes);

impl PlaintextFields {
    pub fn new(plan: &Bound<'_, Plan>, item: &Bound<'_, PyAny>) -> Result<Self, Unusual> {
        let py = plan.py();
        let item = item.cast_exact::<PyDict>().map_err(|_| Unusual)?;
        let fields = plan.get().read_plaintext(item)?;
        Ok(Self {
            context: ItemContext::new(py, plan.get(), &fields)?,
            plan: plan.clone().unbind(),
            item: item.clone().unbind(),
            fields: Mutex::new(Some(fields)),
        })
    }
}

#[pymethods]
impl PlaintextFields {
    /// The entries that the item's attributes add to the encryption context, in order.
    #[getter]
    fn entries(&self, py: Python<'_>) -> Py<PyDict> {
        self.context.entries.clone_ref(py)
    }

    /// The encryption context of the item and its table, serialised.
    #[getter]
    fn serialized(&self, py: Python<'_>) -> Py<PyBytes> {
        self.context.serialized.clone_ref(py)
    }

    /// Encrypt the item, and return it with the hash that its signature, if it needs one, must sign.
    ///
    /// None if Python's engine must decide, as when something is not exactly `bytes` or `str`.
    #[pyo3(signature = (*, context, stored_context, data_keys, data_key, tag_keys, message_id, is_signed))]
    #[expect(clippy::too_many_arguments, reason = "all of them are named")]
    fn seal<'py>(
        &self,
        py: Python<'py>,
        context: &Bound<'py, PyAny>,
        stored_context: &Bound<'py, PyAny>,
        data_keys: &Bound<'py, PyAny>,
        data_key: &Bound<'py, PyAny>,
        tag_keys: &Bound<'py, PyAny>,
        message_id: [u8; MESSAGE_ID_LENGTH],
        is_signed: bool,
    ) -> Option<(Bound<'py, PyDict>, Bound<'py, PyBytes>)> {
        let data_keys: Vec<WrappedKey> = data_keys.extract().ok()?;
        let data_keys: Vec<_> = data_keys
            .iter()
            .map(
                |(provider_id, provider_info, ciphertext)| EncryptedDataKey {
                    provider_id: provider_id.as_bytes(),
                    provider_info,
                    ciphertext,
                },
            )
            .collect();
        let tag_keys: Vec<PyBackedBytes> = tag_keys.extract().ok()?;
        let tag_keys: Vec<&[u8]> = tag_keys.iter().map(AsRef::as_ref).collect();
        let keys = SealingKeys {
            context: exact_bytes(context)?,
            stored_context: exact_bytes(stored_context)?,
            data_keys: &data_keys,
            data_key: &checked_key(data_key)?,
            tag_keys: &tag_keys,
            is_signed,
        };
        let plan = self.plan.get();
        let mut fields = self.fields.lock().ok()?.take()?;
        let sealed = released(py, fields.size(), || {
            seal(plan.layout(), &mut fields, &keys, &message_id)
        })
        .ok()?;
        let stored = plan
            .stored_item(self.item.bind(py), &fields, &sealed)
            .ok()?;
        Some((stored, PyBytes::new(py, &sealed.hash)))
    }
}

/// The fields of a stored item that is to be decrypted. They can be used once.
#[pyclass(frozen)]
pub struct StoredFields {
    plan: Py<Plan>,
    item: Py<PyDict>,
    stored: Mutex<Option<Stored>>,
    context: ItemContext,
}

impl StoredFields {
    pub fn new(plan: &Bound<'_, Plan>, item: &Bound<'_, PyAny>) -> Result<Self, Unusual> {
        let py = plan.py();
        let item = item.cast_exact::<PyDict>().map_err(|_| Unusual)?;
        let stored = plan.get().read_stored(item)?;
        Ok(Self {
            context: ItemContext::new(py, plan.get(), &stored.fields)?,
            plan: plan.clone().unbind(),
            item: item.clone().unbind(),
            stored: Mutex::new(Some(stored)),
        })
    }
}

#[pymethods]
impl StoredFields {
    /// The entries that the item's attributes add to the encryption context, in order.
    #[getter]
    fn entries(&self, py: Python<'_>) -> Py<PyDict> {
        self.context.entries.clone_ref(py)
    }

    /// The encryption context of the item and its table, serialised.
    #[getter]
    fn serialized(&self, py: Python<'_>) -> Py<PyBytes> {
        self.context.serialized.clone_ref(py)
    }

    /// Verify and decrypt the item; None if Python's engine must decide.
    #[pyo3(signature = (*, context, data_key_count, data_key, tag_key, point))]
    fn unseal<'py>(
        &self,
        py: Python<'py>,
        context: &Bound<'py, PyAny>,
        data_key_count: usize,
        data_key: &Bound<'py, PyAny>,
        tag_key: &Bound<'py, PyAny>,
        point: Option<&Bound<'py, PyAny>>,
    ) -> Option<Bound<'py, PyDict>> {
        let keys = UnsealingKeys {
            context: exact_bytes(context)?,
            data_key: &checked_key(data_key)?,
            tag_key: exact_bytes(tag_key)?,
            point: match point {
                Some(point) => Some(exact_bytes(point)?),
                None => None,
            },
        };
        let plan = self.plan.get();
        let Stored {
            mut fields,
            header,
            footer,
        } = self.stored.lock().ok()?.take()?;
        let header = MarkedHeader::new(&header, data_key_count).ok()?;
        released(py, work(&fields, point.is_some()), || {
            unseal(plan.layout(), &mut fields, &header, &footer, &keys)
        })
        .ok()?;
        plan.plaintext_item(self.item.bind(py), &fields).ok()
    }
}

fn exact_bytes<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    Some(object.cast_exact::<PyBytes>().ok()?.as_bytes())
}

fn checked_key(key: &Bound<'_, PyAny>) -> Option<Key> {
    let key: &[u8; KEY_LENGTH] = exact_bytes(key)?.try_into().ok()?;
    Some(Key::new(*key))
}
