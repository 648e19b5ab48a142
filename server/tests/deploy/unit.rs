//! The systemd unit.

use std::{fs, process::Command, time::Duration};

use caffis_chat::config::Config;

use crate::{SERVER, caffis_chat, installed, read};

const UNIT: &str = "deploy/systemd/caffis-chat.service";
/// `systemd-analyze security` gives 0 to 10 points, and 10 times as many for its limit: this is "OK".
const EXPOSURE: &str = "--threshold=25";

/// The values of a key.
fn values(key: &str) -> Vec<String> {
    let text = read(UNIT);
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).collect()
}

#[test]
fn the_unit_runs_the_server_and_waits_for_its_end() {
    let start = values("ExecStart").remove(0);
    let mut words = start.split_whitespace();
    assert_eq!(words.next(), Some("/usr/bin/caffis-chat"));
    assert!(caffis_chat(&[words.next().unwrap(), "--help"], &[]).status.success());
    let data = values("StateDirectory").remove(0);
    assert_eq!(values("Environment"), [format!("CAFFIS_DATA=/var/lib/{data}")]);
    assert!(read("deploy/systemd/caffis-chat.sysusers").contains("\nu caffis-chat "));
    assert_eq!(values("User"), ["caffis-chat"]);
    assert_eq!(values("Restart"), ["always"]);
    let config = Config::default();
    let stop = Duration::from_secs(values("TimeoutStopSec")[0].parse().unwrap());
    assert!(stop > config.handover_within + config.drain_within, "{stop:?}");
    let files: u32 = values("LimitNOFILE")[0].parse().unwrap();
    assert!(files > config.max_connections);
}

#[test]
fn systemd_takes_the_unit_and_finds_it_hardened() {
    let Some(analyze) = installed("systemd-analyze") else { return };
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("caffis-chat.service");
    fs::write(&unit, read(UNIT).replace("/usr/bin/caffis-chat", SERVER)).unwrap();
    for arguments in [&["verify"][..], &["security", "--offline=yes", EXPOSURE]] {
        let output = Command::new(&analyze).args(arguments).arg(&unit).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{arguments:?}: {said}");
        let about_it = said.lines().filter(|line| line.starts_with(unit.to_str().unwrap()));
        assert_eq!(about_it.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}
