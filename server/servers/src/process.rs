//! A program that ends with its handle, and with the process that holds it.
//!
//! A shell starts the program and waits at its own standard input. Whatever ends this process closes
//! that, and the shell kills the program. A signal of the system for it would follow the thread that
//! started the program, not the process. Each program has a process group of its own, so an interrupt at the
//! terminal reaches only the holder, which ends its programs in its own order.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// Runs what its arguments say, prints its number, and sends it the signals that it reads, and at the end the one
/// that its first argument names.
const WATCH: &str = r#"
trap : INT TERM HUP
last=$1
shift
"$@" >&2 </dev/null &
child=$!
echo $child
exec >/dev/null
while read -r signal; do kill -s "$signal" $child 2>/dev/null; done
kill -s $last $child 2>/dev/null
wait $child
"#;

/// How long a program may take to end when it is asked to.
const END: Duration = Duration::from_secs(30);

/// A running program.
pub(crate) struct Process {
    shell: Child,
    signals: Option<ChildStdin>,
    id: u32,
}

impl Process {
    /// Starts a program whose output goes to a file.
    pub(crate) fn start(command: &Command, log: &Path) -> Self {
        Self::start_ending_by(command, log, "KILL")
    }

    /// Starts one that is ended by another signal, which it must not ignore.
    pub(crate) fn start_ending_by(command: &Command, log: &Path, signal: &str) -> Self {
        let (mut shell, id) = watch(command, log, Stdio::piped(), signal);
        Self { signals: shell.stdin.take(), shell, id }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Whether it still runs: one that has ended is a zombie of the shell.
    pub(crate) fn is_running(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", self.id));
        // The state follows the name, which stands in parentheses.
        status.is_ok_and(|status| !status.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
    }

    /// Stops it from running; its connections stay open.
    pub(crate) fn pause(&self) {
        self.send(Signal::STOP);
    }

    /// Lets it run again.
    pub(crate) fn resume(&self) {
        self.send(Signal::CONT);
    }

    /// The shell keeps the number from being given to another program.
    fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process"), signal).expect("the program runs");
    }

    /// Asks it to end, and waits.
    pub(crate) fn end(&mut self) {
        if let Some(signals) = &mut self.signals {
            // The shell may be gone.
            let _ = writeln!(signals, "TERM");
        }
        let deadline = Instant::now() + END;
        while self.is_running() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill();
    }

    /// Kills it, and waits.
    pub(crate) fn kill(&mut self) {
        self.signals = None;
        let _ = self.shell.wait();
    }
}

/// Starts a program and the shell that watches an input for it; gives the program's number.
fn watch(command: &Command, log: &Path, input: Stdio, last: &str) -> (Child, u32) {
    let log = File::options().create(true).append(true).open(log).expect("a file for the output");
    let mut shell = Command::new("sh");
    shell.args(["-c", WATCH, "sh", last]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let mut shell = shell
        .process_group(0)
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("a shell");
    let mut line = String::new();
    let output = shell.stdout.take().expect("an output");
    BufReader::new(output).read_line(&mut line).expect("the program's number");
    (shell, line.trim().parse().expect("a number"))
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_ends_with_its_handle() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut sleep = Command::new("sleep");
        sleep.arg("600");
        let process = Process::start(&sleep, &log);
        let stat = format!("/proc/{}/stat", process.id);
        assert!(process.is_running());
        drop(process);
        assert!(!Path::new(&stat).exists(), "it was killed");
        let mut process = Process::start(&sleep, &log);
        process.end();
        assert!(!process.is_running());
    }

    /// Another process holds the input of the watching shell, and is killed.
    #[test]
    fn a_program_ends_with_the_process_that_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut sleep = Command::new("sleep");
        sleep.arg("600");
        let (reader, writer) = std::io::pipe().unwrap();
        let mut holder = Command::new("sleep").arg("600").stdout(writer).spawn().unwrap();
        let (mut shell, id) = watch(&sleep, &folder.path().join("log"), reader.into(), "KILL");
        let stat = format!("/proc/{id}/stat");
        assert!(Path::new(&stat).exists());
        holder.kill().unwrap();
        holder.wait().unwrap();
        shell.wait().unwrap();
        assert!(!Path::new(&stat).exists(), "it was killed");
    }
}
