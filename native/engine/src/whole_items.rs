//! Whole items, one or many, in three steps: read from Python's objects, encrypted or decrypted, written as objects.
//!
//! Only the first and the last step need Python. Between them the GIL is released, if that is worth it: for an item
//! with a signature, for a large one, and for a chunk of a list.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::Unusual;
use crate::fields::Fields;
use crate::plan::{Plan, Stored, Wrapper, released, work};
use crate::sealing::Sealed;
use crate::wrapping::Wrapping;

/// How many items are held at once: other threads get the GIL between any two chunks.
const CHUNK: usize = 128;

/// What is done with items.
pub trait Direction: Sync {
    /// An item that was read.
    type Read: Send;
    /// What is known besides it after the second step.
    type Done: Send;

    fn read(&self, plan: &Plan, item: &Bound<'_, PyDict>) -> Result<Self::Read, Unusual>;

    /// How much work the second step is, in bytes.
    fn work(&self, read: &Self::Read) -> usize;

    fn run(
        &self,
        plan: &Plan,
        read: &mut Self::Read,
        wrapping: &Wrapping,
    ) -> Result<Self::Done, Unusual>;

    fn write<'py>(
        &self,
        plan: &Plan,
        item: &Bound<'py, PyDict>,
        read: &Self::Read,
        done: &Self::Done,
    ) -> Result<Bound<'py, PyDict>, Unusual>;
}

/// Encrypts and signs.
pub struct Encrypting {
    pub is_signed: bool,
}

impl Direction for Encrypting {
    type Read = Fields;
    type Done = Sealed;

    fn read(&self, plan: &Plan, item: &Bound<'_, PyDict>) -> Result<Fields, Unusual> {
        plan.read_plaintext(item)
    }

    fn work(&self, fields: &Fields) -> usize {
        work(fields, self.is_signed)
    }

    fn run(
        &self,
        plan: &Plan,
        fields: &mut Fields,
        wrapping: &Wrapping,
    ) -> Result<Sealed, Unusual> {
        plan.seal_under(fields, wrapping, self.is_signed)
    }

    fn write<'py>(
        &self,
        plan: &Plan,
        item: &Bound<'py, PyDict>,
        fields: &Fields,
        sealed: &Sealed,
    ) -> Result<Bound<'py, PyDict>, Unusual> {
        plan.stored_item(item, fields, sealed)
    }
}

/// Verifies and decrypts.
pub struct Decrypting;

impl Direction for Decrypting {
    type Read = Stored;
    type Done = ();

    fn read(&self, plan: &Plan, item: &Bound<'_, PyDict>) -> Result<Stored, Unusual> {
        plan.read_stored(item)
    }

    fn work(&self, stored: &Stored) -> usize {
        work(&stored.fields, stored.is_signed())
    }

    fn run(&self, plan: &Plan, stored: &mut Stored, wrapping: &Wrapping) -> Result<(), Unusual> {
        plan.unseal_under(stored, wrapping)
    }

    fn write<'py>(
        &self,
        plan: &Plan,
        item: &Bound<'py, PyDict>,
        stored: &Stored,
        (): &(),
    ) -> Result<Bound<'py, PyDict>, Unusual> {
        plan.plaintext_item(item, &stored.fields)
    }
}

/// Encrypts or decrypts one item.
pub fn one<'py, D: Direction>(
    direction: &D,
    plan: &Plan,
    item: &Bound<'py, PyAny>,
    wrapper: &Wrapper,
) -> Result<Bound<'py, PyDict>, Unusual> {
    let item = item.cast_exact().map_err(|_| Unusual)?;
    let mut read = direction.read(plan, item)?;
    let done = released(item.py(), direction.work(&read), || {
        direction.run(plan, &mut read, &wrapper.0)
    })?;
    direction.write(plan, item, &read, &done)
}

/// One item of a list: its plan, the item, and the wrapper of its data key.
#[derive(FromPyObject)]
pub struct Job<'py>(Bound<'py, Plan>, Bound<'py, PyAny>, Bound<'py, Wrapper>);

impl<'py> Job<'py> {
    fn item(&self) -> Option<&Bound<'py, PyDict>> {
        self.1.cast_exact().ok()
    }
}

/// Encrypt items; the result has None for each that Python's engine must decide about.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "Python's arguments are converted"
)]
pub fn encrypt_many<'py>(
    py: Python<'py>,
    jobs: Vec<Option<Job<'py>>>,
    is_signed: bool,
) -> PyResult<Bound<'py, PyList>> {
    many(py, &Encrypting { is_signed }, &jobs)
}

/// Verify and decrypt items; the result has None for each that Python's engine must decide about.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "Python's arguments are converted"
)]
pub fn decrypt_many<'py>(
    py: Python<'py>,
    jobs: Vec<Option<Job<'py>>>,
) -> PyResult<Bound<'py, PyList>> {
    many(py, &Decrypting, &jobs)
}

fn many<'py, D: Direction>(
    py: Python<'py>,
    direction: &D,
    jobs: &[Option<Job<'py>>],
) -> PyResult<Bound<'py, PyList>> {
    let result = PyList::empty(py);
    for chunk in jobs.chunks(CHUNK) {
        for item in one_chunk(py, direction, chunk) {
            result.append(item)?;
        }
    }
    Ok(result)
}

/// Returns the items in their order, with None for each that Python's engine must decide about.
fn one_chunk<'py, D: Direction>(
    py: Python<'py>,
    direction: &D,
    jobs: &[Option<Job<'py>>],
) -> Vec<Option<Bound<'py, PyDict>>> {
    let mut started: Vec<_> = jobs
        .iter()
        .map(|job| {
            let job = job.as_ref()?;
            let (plan, wrapper) = (job.0.get(), job.2.get());
            Some((plan, wrapper, direction.read(plan, job.item()?).ok()?))
        })
        .collect();
    let work = started
        .iter()
        .flatten()
        .map(|(_, _, read)| direction.work(read))
        .sum();
    let done: Vec<Option<D::Done>> = released(py, work, || {
        let run = |each: &mut Option<(&Plan, &Wrapper, D::Read)>| {
            let (plan, wrapper, read) = each.as_mut()?;
            direction.run(plan, read, &wrapper.0).ok()
        };
        started.iter_mut().map(run).collect()
    });
    jobs.iter()
        .zip(&started)
        .zip(&done)
        .map(|((job, started), done)| {
            let (plan, _, read) = started.as_ref()?;
            let item = job.as_ref()?.item()?;
            direction.write(plan, item, read, done.as_ref()?).ok()
        })
        .collect()
}
