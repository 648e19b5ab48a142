//! Two nodes behind one address, for people: `cargo xtask cluster` runs this.
//!
//! It ends with a signal, and with its standard input: so it also ends when the program that started it was
//! killed. Its servers end with it, whatever ends it.

use std::{
    env, io,
    path::PathBuf,
    process::ExitCode,
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use caffis_servers::demo::{Demo, Plan};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

const USAGE: &str = "caffis-cluster SERVER CONFIGURATION [PORT]: the program caffis-chat, HAProxy's \
                     configuration, and the port of the one address (5002)";
const PORT: u16 = 5002;
/// How often the servers are looked at.
const LOOK: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let Some(plan) = plan() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn plan() -> Option<Plan> {
    let mut arguments = env::args_os().skip(1);
    let (server, balancer) = (arguments.next()?.into(), PathBuf::from(arguments.next()?));
    let port = match arguments.next() {
        Some(port) => port.to_str()?.parse().ok()?,
        None => PORT,
    };
    arguments.next().is_none().then_some(Plan { server, balancer, port })
}

fn run(plan: Plan) -> io::Result<()> {
    let port = plan.port;
    let (stop, stopped) = sync_channel::<()>(1);
    stop_on_signals(stop.clone())?;
    stop_at_end_of_input(stop);
    let started = Demo::start(plan);
    let mut demo = started.map_err(|error| {
        io::Error::new(error.kind(), format!("port {port} of localhost: {error}"))
    })?;
    println!("{demo}");
    while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        demo.look(&mut io::stdout());
    }
    Ok(())
}

fn stop_on_signals(stop: SyncSender<()>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        for _ in signals.forever() {
            // The second one does not wait for anything that still starts.
            if stop.try_send(()).is_err() {
                std::process::exit(1);
            }
        }
    });
    Ok(())
}

fn stop_at_end_of_input(stop: SyncSender<()>) {
    thread::spawn(move || {
        // What it says does not matter.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = stop.try_send(());
    });
}
