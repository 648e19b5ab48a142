//! One loop for each link: hello, commands in, replies and events out, farewell.
//!
//! The loop owns the link and never waits for a command: handlers run as futures beside it, bounded
//! in number, and what the hub has for the session waits in its [`Outbound`] queue. When too many
//! commands are under way it stops reading, and the peer feels it.
//!
//! [`Outbound`]: crate::hub::outbound::Outbound

mod asked;
mod end;
mod first;
mod frames;
mod greeting;
mod hello;
mod link_loop;
mod log;
mod siblings;
mod timers;

use caffis_schema::Error;

use crate::{ports::authenticator::Identity, services::Services};

pub use self::greeting::Greeted;
pub(crate) use self::greeting::greet;

/// Who a token speaks for, without a connection: checked as hello does, and known from now on.
///
/// # Errors
/// Why hello would refuse it.
pub(crate) async fn identify(services: &Services, token: &str) -> Result<Identity, Error> {
    let identity = hello::identify(services, token).await.map_err(|refused| refused.error)?;
    let (person, changed) = hello::sign_in(services, &identity).await?;
    if changed {
        services.tell_profile(&person);
    }
    Ok(identity)
}
