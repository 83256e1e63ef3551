//! The engine of dynaseal's lab: DynamoDB's tables and items in SQLite, called from Python.
//!
//! Python sees one class, `Engine`: one database, in memory or in a file. It checks no permissions and keeps no
//! accounts apart; the lab opens one for each account and Region.

mod clock;
mod dispatch;
mod requests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use dynoxide::storage::Storage;
use dynoxide::{Database, DynoxideError, ttl};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::clock::LabClock;

/// One database: the tables of one account in one Region.
#[pyclass(frozen, module = "dynaseal_lab_engine")]
struct Engine {
    database: Database,
    path: Option<PathBuf>,
    clock: Arc<LabClock>,
}

#[pymethods]
impl Engine {
    /// Open a database: the file at `path`, which is created if it does not exist, or one in memory.
    #[new]
    #[pyo3(signature = (path=None))]
    fn new(path: Option<PathBuf>) -> PyResult<Self> {
        let clock = Arc::new(LabClock::default());
        let database = match &path {
            Some(file) => Database::new(&file.to_string_lossy()),
            None => Database::memory_with_clock(clock.clone()),
        };
        let database = database.map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self {
            database,
            path,
            clock,
        })
    }

    /// Answer one request: the HTTP status and the body of the reply, both as DynamoDB has them.
    ///
    /// What a request has written is on the disk when this returns. Other Python threads run meanwhile.
    fn execute<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        request: &[u8],
    ) -> (u16, Bound<'py, PyBytes>) {
        let (status, body) = py.detach(|| self.answer(operation, request));
        (status, PyBytes::new(py, body.as_bytes()))
    }

    /// Delete the items whose time to live has passed, and return how many there were.
    ///
    /// `seconds_ahead` is how far the lab's clock is ahead of the machine's.
    fn expire(&self, py: Python<'_>, seconds_ahead: f64) -> PyResult<usize> {
        self.clock.set_ahead(seconds_ahead);
        py.detach(|| self.sweep())
            .map_err(|error| PyOSError::new_err(error.to_string()))
    }
}

impl Engine {
    fn answer(&self, operation: &str, request: &[u8]) -> (u16, String) {
        // A panic is a defect of the engine. Like any other internal error it is the reply to one request.
        let result = catch_unwind(AssertUnwindSafe(|| {
            dispatch::execute(&self.database, operation, request)
        }));
        match result {
            Ok(Ok(body)) => (200, body),
            Ok(Err(error)) => (error.status_code(), error.to_json()),
            Err(_) => {
                let error = DynoxideError::InternalServerError("The engine failed".to_owned());
                (error.status_code(), error.to_json())
            }
        }
    }

    fn sweep(&self) -> dynoxide::Result<usize> {
        let Some(path) = &self.path else {
            return self.database.sweep_ttl();
        };
        // A database in a file cannot be given a clock; a second connection to the file can.
        let storage = Storage::new(&path.to_string_lossy())?.with_clock(self.clock.clone());
        pollster::block_on(ttl::sweep_expired_items(&storage))
    }
}

/// DynamoDB's tables and items in SQLite, for dynaseal's lab.
#[pymodule]
fn dynaseal_lab_engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Engine>()?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
