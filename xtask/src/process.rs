//! Children: each runs in a process group of its own, within a time limit, and the whole group is
//! ended with it, when the limit passes, and when this program is interrupted.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

/// How long a child may run unless it is given another limit.
const DEFAULT_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How long a child that was told to end may take before it is killed.
const END_GRACE: Duration = Duration::from_secs(10);
/// How long output is still read from what a child left running.
const DRAIN_GRACE: Duration = Duration::from_secs(2);
/// Lines that wait between a child's pipes and our output.
const LINE_QUEUE: usize = 1024;
/// The exit code of a program ended by an interrupt, as shells count it.
pub(crate) const INTERRUPTED: u8 = 130;

/// The process groups that run now, and whether new ones may start.
struct Groups {
    running: BTreeSet<u32>,
    ending: bool,
}

static GROUPS: Mutex<Groups> = Mutex::new(Groups { running: BTreeSet::new(), ending: false });
static GROUP_ENDED: Condvar = Condvar::new();

fn groups() -> MutexGuard<'static, Groups> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this program was asked to stop.
pub(crate) fn interrupted() -> bool {
    groups().ending
}

/// Ends all children, then this program, on Ctrl-C, a closed terminal or a request to stop.
pub(crate) fn end_children_on_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot watch signals")?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            let mut groups = groups();
            groups.ending = true;
            groups.running.iter().for_each(|group| signal_group(*group, "TERM"));
            let (groups, _) = GROUP_ENDED
                .wait_timeout_while(groups, END_GRACE, |groups| !groups.running.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            groups.running.iter().for_each(|group| signal_group(*group, "KILL"));
            std::process::exit(INTERRUPTED.into());
        }
    });
    Ok(())
}

/// A program to run.
pub(crate) struct Program {
    command: Command,
    limit: Duration,
}

/// What a child's threads tell the one that waits for it.
enum Event {
    Line(Vec<u8>),
    Exited(std::io::Result<ExitStatus>),
}

impl Program {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).process_group(0);
        Self { command, limit: DEFAULT_LIMIT }
    }

    pub(crate) fn arguments<S: AsRef<OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Ends the child with an error after this time.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it with its output passed on.
    pub(crate) fn run(self) -> Result<()> {
        self.run_lines(|_| {})
    }

    /// Runs it with its output passed on, and shows each line of it to `on_line`.
    pub(crate) fn run_lines(self, mut on_line: impl FnMut(&str)) -> Result<()> {
        eprintln!("$ {}", self.title());
        self.stream(|line| {
            let mut output = std::io::stdout().lock();
            // A closed standard output must not stop the tests.
            let _ = output.write_all(line).and_then(|()| output.flush());
            on_line(&String::from_utf8_lossy(line));
        })
    }

    /// Runs it silently; its output comes back, or is part of the error.
    pub(crate) fn read(self) -> Result<String> {
        let mut output = Vec::new();
        let result = self.stream(|line| output.extend_from_slice(line));
        let output = String::from_utf8_lossy(&output).into_owned();
        result.with_context(|| output.trim().to_owned())?;
        Ok(output)
    }

    /// Runs it on this terminal, for as long as it likes, and calls `started` once it runs.
    pub(crate) fn serve(mut self, started: impl FnOnce()) -> Result<()> {
        let title = self.title();
        let (mut child, group) = Group::spawn(&mut self.command, &title)?;
        started();
        let status = child.wait();
        drop(group);
        succeeded(&title, status.with_context(|| format!("cannot wait for {title}"))?)
    }

    /// Runs it on this terminal with an open input. Its input ends with this program, however that ends, so
    /// that the child can end too.
    pub(crate) fn serve_until_we_end(mut self) -> Result<()> {
        let title = self.title();
        self.command.stdin(Stdio::piped());
        let (mut child, group) = Group::spawn(&mut self.command, &title)?;
        // Waiting would close it.
        let input = child.stdin.take();
        let status = child.wait();
        drop((input, group));
        succeeded(&title, status.with_context(|| format!("cannot wait for {title}"))?)
    }

    fn title(&self) -> String {
        let program = Path::new(self.command.get_program());
        let mut title = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for argument in self.command.get_args() {
            title.push(' ');
            title.push_str(&argument.to_string_lossy());
        }
        title
    }

    /// Runs it with its output shown to `on_line` alone.
    pub(crate) fn stream(mut self, mut on_line: impl FnMut(&[u8])) -> Result<()> {
        let title = self.title();
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, group) = Group::spawn(&mut self.command, &title)?;
        let (events, received) = sync_channel(LINE_QUEUE);
        pass_lines(child.stdout.take(), events.clone());
        pass_lines(child.stderr.take(), events.clone());
        // The receiver is gone once the limits below have passed.
        thread::spawn(move || events.send(Event::Exited(child.wait())).ok());

        let mut deadline = Instant::now() + self.limit;
        let mut told_to_end = false;
        let mut status = None;
        loop {
            match received.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Event::Line(line)) => on_line(&line),
                Ok(Event::Exited(result)) => {
                    status = Some(result.with_context(|| format!("cannot wait for {title}"))?);
                    group.signal("TERM");
                    deadline = Instant::now() + DRAIN_GRACE;
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if status.is_some() || told_to_end => break,
                Err(RecvTimeoutError::Timeout) => {
                    group.signal("TERM");
                    told_to_end = true;
                    deadline = Instant::now() + END_GRACE;
                }
            }
        }
        drop(group);
        match status {
            Some(status) if !told_to_end => succeeded(&title, status),
            _ => bail!("`{title}` ran longer than {} s and was ended", self.limit.as_secs()),
        }
    }
}

fn succeeded(title: &str, status: ExitStatus) -> Result<()> {
    match status.success() {
        true => Ok(()),
        false => bail!("`{title}`: {status}"),
    }
}

fn pass_lines(pipe: Option<impl Read + Send + 'static>, events: SyncSender<Event>) {
    let Some(pipe) = pipe else { return };
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
            if events.send(Event::Line(std::mem::take(&mut line))).is_err() {
                break;
            }
        }
    });
}

/// A running process group; killed as a whole when dropped.
struct Group {
    id: u32,
}

impl Group {
    fn spawn(command: &mut Command, title: &str) -> Result<(Child, Self)> {
        let mut groups = groups();
        if groups.ending {
            bail!("interrupted before `{title}`");
        }
        let child = command.spawn().with_context(|| format!("cannot start `{title}`"))?;
        groups.running.insert(child.id());
        let id = child.id();
        Ok((child, Self { id }))
    }

    fn signal(&self, signal: &str) {
        signal_group(self.id, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal("KILL");
        groups().running.remove(&self.id);
        GROUP_ENDED.notify_all();
    }
}

/// The shell's own `kill`: a minimal system has no other, and the library call would be unsafe.
fn signal_group(group: u32, signal: &str) {
    let script = format!("kill -s {signal} -- -{group}");
    let _ = Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new("sh").arguments(["-c", script])
    }

    #[test]
    fn reads_both_outputs() {
        let output = shell("echo one; echo two >&2; echo three").read().unwrap();
        let mut words: Vec<_> = output.split_whitespace().collect();
        words.sort_unstable();
        assert_eq!(words, ["one", "three", "two"]);
    }

    #[test]
    fn a_failure_names_the_command_and_its_output() {
        let error = format!("{:#}", shell("echo because; exit 3").read().unwrap_err());
        assert!(error.contains("because") && error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn a_child_past_its_limit_is_ended() {
        let started = Instant::now();
        let error = shell("sleep 60").limit(Duration::from_millis(100)).run().unwrap_err();
        assert!(error.to_string().contains("was ended"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn what_a_child_leaves_running_is_ended_too() {
        // The grandchild holds the pipe open: reading to its end would last a minute.
        let started = Instant::now();
        shell("sleep 60 & echo started").run().unwrap();
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
