//! The first frame of a link: hello, and its answer.

use std::{future::poll_fn, net::IpAddr};

use bytes::Bytes;
use caffis_link::{Incoming, Link};
use caffis_schema::{
    ClientFrame, CloseCode, Codec, Command, Error, ErrorCode, Reply, Request, command::Hello,
};

use super::{
    end::End,
    frames::{answer_bytes, answer_now, decode},
    hello,
};
use crate::{
    answers::without_apart, hub::outbound::Outbound, services::Services, statistics::CommandKind,
};

/// Waits for hello and answers it; logs a refusal.
pub(super) async fn first(
    services: &Services,
    link: &mut dyn Link,
    codec: Codec,
    address: Option<IpAddr>,
) -> Result<hello::Opened, End> {
    let kind = link.info().kind;
    let (id, hello) = loop {
        match poll_fn(|cx| link.poll_recv(cx)).await {
            Incoming::Frame { payload, .. } => match hello_of(&payload, codec) {
                Ok(found) => break found,
                Err((id, error)) => {
                    services.statistics.answered(CommandKind::UNREADABLE, Some(&error));
                    services.refusals.log(error.code, kind, address);
                    answer_now(link, id, error, codec).await;
                    return Err(End::Farewell(CloseCode::Protocol, "the first command is hello"));
                }
            },
            // Datagrams may overtake, and are never answered.
            Incoming::Datagram(_) | Incoming::Ping | Incoming::Pong => {}
            Incoming::Closed(_) => return Err(End::Gone),
        }
    };
    let datagrams = link.info().max_datagram.is_some();
    let outbound = Outbound::new(codec, datagrams, services.settings.session_queue_bytes);
    let opening = async {
        let turn = services.herd.turn(address).await;
        let _turn =
            turn.map_err(|error| hello::Refused { error, close: CloseCode::TooManyConnections })?;
        hello::open(services, hello, outbound).await
    };
    match opening.await {
        Ok((opened, welcome)) => {
            services.statistics.answered(CommandKind::HELLO, None);
            let mut reply = Reply::Welcome(welcome);
            let user = &opened.session.session.user;
            without_apart(services, user, &mut reply);
            if let Some(hidden) = services.people.hidden().of(user) {
                hidden.mask(None, &mut reply);
            }
            if let Some(places) = services.people.placements().of(user) {
                places.complete(&mut reply);
            }
            let bytes = answer_bytes(id, Ok(reply), codec, link.info().max_frame);
            opened.session.session.outbound.release(bytes);
            Ok(opened)
        }
        Err(refused) => {
            services.statistics.answered(CommandKind::HELLO, Some(&refused.error));
            services.refusals.log(refused.error.code, kind, address);
            let sentence = "hello was refused: its answer says why";
            answer_now(link, id, refused.error, codec).await;
            Err(End::Farewell(refused.close, sentence))
        }
    }
}

fn hello_of(payload: &Bytes, codec: Codec) -> Result<(u32, Hello), (u32, Error)> {
    let malformed = |sentence: &str| (0, Error::refused(ErrorCode::Malformed, sentence));
    let frame = decode(payload, codec).map_err(|error| (0, error))?;
    match frame {
        ClientFrame::Request(Request { id, command: Command::Hello(hello) }) => Ok((id, hello)),
        ClientFrame::Request(Request { id, .. }) => {
            let sentence = "The first command is hello.";
            Err((id, Error::refused(ErrorCode::HelloExpected, sentence)))
        }
        ClientFrame::Signal(_) => Err(malformed("The first frame is a request with hello.")),
    }
}
