//! A request to stop ends what was started, grandchildren included.

#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Stands for cargo: starts a grandchild that holds the pipe open for a minute, and waits for it.
const SLOW_CARGO: &str = "#!/bin/sh\nsleep 60 > \"$CAFFIS_TEST_PIPE\" &\nwait\n";
const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_stop_ends_the_whole_family() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interrupt");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let cargo = folder.join("cargo");
    fs::write(&cargo, SLOW_CARGO).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());

    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["test", "--only", "fmt,clippy"])
        .env("PATH", path)
        .env("CAFFIS_TEST_PIPE", &pipe)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Opens once the grandchild has opened it too, and ends with the last process that has it.
    let mut pipe = File::open(&pipe).unwrap();
    let started = Instant::now();
    let stop = Command::new("sh").args(["-c", &format!("kill -s TERM {}", xtask.id())]).status();
    assert!(stop.unwrap().success());
    assert_eq!(xtask.wait().unwrap().code(), Some(130));
    pipe.read_to_end(&mut Vec::new()).unwrap();
    assert!(started.elapsed() < SOON, "the grandchild lived on");
}
