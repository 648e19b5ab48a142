//! The disk of the embedded store: full, slow, broken.

use std::{fs, path::PathBuf, process::Command};

use caffis_schema::ErrorCode;

use crate::{
    common::{Over, Person, Setup},
    watching::Watch,
};

/// A disk that syncs as a test says, whatever else the machine has to do.
pub(crate) struct Disk {
    setup: Setup,
    fault: PathBuf,
}

impl Disk {
    /// One that syncs at once.
    pub(crate) fn quick() -> Self {
        let setup = Setup::dev();
        let (library, fault) = (setup.beside("sync.so"), setup.beside("fault"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/alerts/sync.c");
        let compiled = Command::new("cc")
            .args(["-std=c99", "-shared", "-fPIC", "-o"])
            .args([library.as_os_str(), source.as_ref()])
            .status();
        assert!(compiled.expect("a C compiler").success());
        let setup = setup
            .variable("LD_PRELOAD", library.to_str().unwrap())
            .variable("SYNC_FAULT", fault.to_str().unwrap());
        let disk = Self { setup, fault };
        disk.takes(0);
        disk
    }

    /// A development server on it.
    pub(crate) fn dev(&self) -> Setup {
        self.setup.clone()
    }

    /// A development server on it, with metrics.
    pub(crate) fn setup(&self) -> Setup {
        self.setup.clone().metrics()
    }

    /// From now on a sync takes this many milliseconds, or fails.
    fn takes(&self, milliseconds: i32) {
        fs::write(&self.fault, milliseconds.to_string()).unwrap();
    }
}

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn a_full_disk() {
    let rates = ["--messages-per-second", "100000", "--commands-per-second", "100000"];
    let server = Disk::quick().setup().flags(&rates).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let watch = Watch::over(&[server.metrics()]).await;
    let text = "x".repeat(4_000);
    server.limit_files(Some(600_000));
    while giulia.say(room, &text).await.is_ok() {}
    for _ in 0..100 {
        let error = giulia.say(room, &text).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::StorageFull);
    }
    watch.sees(&["CaffisStorageFull", "CaffisCommandsFailing"]).await;
}

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn a_slow_disk_that_fails_in_the_end() {
    let disk = Disk::quick();
    let server = disk.setup().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    giulia.say(room, "quick").await.unwrap();
    let watch = Watch::over(&[server.metrics()]).await;
    disk.takes(1_200);
    let talking = async {
        loop {
            giulia.say(room, "slow").await.unwrap();
        }
    };
    let slow = ["CaffisStoreSlow", "CaffisSyncSlow", "CaffisSendsSlow"];
    tokio::select! {
        biased;
        () = watch.sees(&slow) => {}
        () = talking => {}
    }
    drop(giulia);
    disk.takes(-1);
    let mut marco = Person::enter(&server, "marco", Over::WebSocket).await;
    marco.say(room, "lost").await.unwrap_err();
    watch.sees(&["CaffisStorageFailed"]).await;
}
