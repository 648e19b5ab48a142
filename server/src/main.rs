//! `caffis-chat`: see the library's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The one crypto library of the process; it fails only if it was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match caffis_chat::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("caffis-chat: {error:#}");
            ExitCode::FAILURE
        }
    }
}
