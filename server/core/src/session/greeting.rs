//! From a link to a session: hello, the conversation, and the farewell.

use std::{net::IpAddr, sync::Arc};

use caffis_link::Link;
use caffis_schema::{CloseCode, Codec};
use tokio::time::timeout;

use super::{
    end::{End, say_goodbye},
    first::first,
    hello,
    link_loop::converse,
    log::SessionLog,
};
use crate::{admission::Addresses, services::Services};

/// A link whose hello was answered.
pub struct Greeted {
    opened: hello::Opened,
    addresses: Arc<Addresses>,
    link: Box<dyn Link>,
    address: Option<IpAddr>,
}

/// Waits for hello on a link and answers it, or says goodbye.
pub(crate) async fn greet(
    services: &Services,
    addresses: Arc<Addresses>,
    mut link: Box<dyn Link>,
    address: Option<IpAddr>,
) -> Option<Greeted> {
    let codec = match link.info().codec {
        caffis_link::Codec::Binary => Codec::Binary,
        caffis_link::Codec::Json => Codec::Json,
    };
    let limit = services.settings.hello_timeout;
    // Boxed, so that a session does not keep the memory that its beginning took.
    let opened = match timeout(limit, Box::pin(first(services, &mut *link, codec, address))).await {
        Ok(opened) => opened,
        Err(_) => Err(End::Farewell(CloseCode::HelloTimeout, "no hello came in time")),
    };
    match opened {
        Ok(opened) => Some(Greeted { opened, addresses, link, address }),
        Err(end) => {
            say_goodbye(&mut *link, &end).await;
            None
        }
    }
}

impl Greeted {
    /// Runs the session until it ends.
    pub async fn converse(self) {
        let Self { opened, addresses, mut link, address } = self;
        let log = SessionLog::opened(&opened.session.session, link.info().kind, address);
        let end = converse(opened, addresses, address, &mut *link).await;
        log.ended(&end);
        say_goodbye(&mut *link, &end).await;
    }
}
