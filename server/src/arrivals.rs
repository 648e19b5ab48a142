//! A new link, from its arrival to its farewell.

use std::{net::IpAddr, sync::Arc};

use caffis_core::Core;
use caffis_transport::lobby::Arrival;

use crate::meters::Meters;

/// Runs the link of a client with this address. Until hello it may be dropped for a newer one.
pub(crate) async fn serve(
    core: &Core,
    meters: &Arc<Meters>,
    arrival: Arrival,
    address: Option<IpAddr>,
) {
    let Arrival { link, place } = arrival;
    let _open = meters.link(link.info().kind);
    let greeted = tokio::select! {
        biased;
        greeted = core.greet(link, address) => greeted,
        () = place.evicted() => None,
    };
    if let Some(greeted) = greeted.filter(|_| place.keep()) {
        greeted.converse().await;
    }
}
