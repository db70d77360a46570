//! A world as a kill leaves it behind: the files, and nothing else.

use std::fs;

use writ_gateway::{FirstSight, Server, TenantBounds};
use writ_store::Lease;
use writ_testkit::TempDir;

use super::World;

impl World {
    /// The next run on a copy of the folder as it is now, while this one goes on.
    pub(crate) async fn after_a_kill(&self, servers: Vec<Server>) -> Self {
        let copy = TempDir::new().unwrap();
        for file in fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        let usual = (Lease::always(), TenantBounds::default(), Vec::new(), FirstSight::Off);
        Self::at(copy, servers, 203, usual).await
    }
}
