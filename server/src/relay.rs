//! `caffis-chat pg-relay`: users from the main application's PostgreSQL.

use anyhow::Context as _;
use caffis_relay::{
    Installed, Resync, install, resync, run, script, status, uninstall, uninstall_script,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::{commands::print, config::Config};

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Mirror users until a signal.
    Run,
    /// Print the statements of an installation, or apply them.
    Install {
        /// Apply them.
        apply: bool,
    },
    /// Print the statements that remove it, or apply them.
    Uninstall {
        /// Apply them.
        apply: bool,
    },
    /// Compare, and put differences in line.
    Resync(Resync),
    /// Say how far everything is.
    Status {
        /// As JSON.
        json: bool,
    },
}

/// Does it.
///
/// # Errors
/// What is wrong, and what to do about it.
pub async fn relay(config: Config, action: Action) -> anyhow::Result<()> {
    let relay = &config.relay;
    let (database, schema) = (relay.database()?, relay.schema.as_str());
    match action {
        Action::Run => {
            let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
            let mut interrupt = signal(SignalKind::interrupt()).context("no signals")?;
            let stop = async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            };
            Ok(run(relay.settings()?, stop).await?)
        }
        Action::Install { apply: false } => {
            print(&script(&database, schema, &relay.columns, &relay.role()).await?)
        }
        Action::Install { apply: true } => {
            let done = install(&database, schema, &relay.columns, &relay.role()).await?;
            print(match done {
                Installed::New => "installed: start `caffis-chat pg-relay` as the relay's role\n",
                Installed::Same => "installed: nothing has changed\n",
                Installed::OtherMap => {
                    "installed with another map: run `caffis-chat pg-relay resync` to send what differs\n"
                }
            })
        }
        Action::Uninstall { apply: false } => {
            let text = uninstall_script(&database, schema, &relay.role()).await?;
            print(text.as_deref().unwrap_or("-- nothing is installed\n"))
        }
        Action::Uninstall { apply: true } => {
            let removed = uninstall(&database, schema, &relay.role()).await?;
            print(if removed { "removed\n" } else { "nothing is installed\n" })
        }
        Action::Resync(what) => {
            let report = resync(&database, schema, what, relay.limits.fill_rate).await?;
            print(&format!(
                "{} users in {} ranges compared, {} ranges differ, {} users will be sent\n",
                report.users, report.ranges, report.different, report.queued
            ))?;
            if report.exhausted > 0 {
                print(&format!(
                    "{} users have been resynced too often since they last changed: change a mapped column of \
                     each, and back\n",
                    report.exhausted
                ))?;
            }
            Ok(())
        }
        Action::Status { json } => {
            let status = status(&database, schema).await?;
            match json {
                true => print(&format!("{}\n", serde_json::to_string(&status)?)),
                false => print(&status.to_string()),
            }
        }
    }
}
