//! A program that ends with its handle, and with the process that holds it.
//!
//! A shell starts the program and waits at its own standard input. Whatever ends this process closes
//! that, and the shell kills the program. A signal of the system for it would follow the thread that
//! started the program, not the process.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

/// Runs what its arguments say, prints its number, and sends it the signals that it reads. An interrupt by
/// the terminal ends the reading, not the shell.
const WATCH: &str = r#"
trap : INT TERM HUP
"$@" >&2 </dev/null &
child=$!
echo $child
exec >/dev/null
while read -r signal; do kill -s "$signal" $child 2>/dev/null; done
kill -s KILL $child 2>/dev/null
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
        let (mut shell, id) = watch(command, log, Stdio::piped());
        Self { signals: shell.stdin.take(), shell, id }
    }

    /// Whether it still runs: one that has ended is a zombie of the shell.
    pub(crate) fn is_running(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", self.id));
        // The state follows the name, which stands in parentheses.
        status.is_ok_and(|status| !status.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
    }

    /// Sends a signal.
    pub(crate) fn signal(&mut self, signal: &str) {
        if let Some(signals) = &mut self.signals {
            // The shell may be gone.
            let _ = writeln!(signals, "{signal}");
        }
    }

    /// Asks it to end, and waits.
    pub(crate) fn end(&mut self) {
        self.signal("TERM");
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
fn watch(command: &Command, log: &Path, input: Stdio) -> (Child, u32) {
    let log = File::create(log).expect("a file for the output");
    let mut shell = Command::new("sh");
    shell.args(["-c", WATCH, "sh"]).arg(command.get_program()).args(command.get_args());
    let mut shell = shell.stdin(input).stdout(Stdio::piped()).stderr(log).spawn().expect("a shell");
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
        let (mut shell, id) = watch(&sleep, &folder.path().join("log"), reader.into());
        let stat = format!("/proc/{id}/stat");
        assert!(Path::new(&stat).exists());
        holder.kill().unwrap();
        holder.wait().unwrap();
        shell.wait().unwrap();
        assert!(!Path::new(&stat).exists(), "it was killed");
    }
}
