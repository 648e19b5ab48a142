//! What all connections of a bus share.

use std::sync::Arc;

use bytes::Bytes;
use caffis_core::ports::bus::NodeId;

use crate::{
    exchange::Exchange,
    frame::Frame,
    names::{Channel, Names},
    options::Options,
    registry::{Registry, Via},
};

/// What all connections of a bus share.
pub(crate) struct Context {
    pub(crate) node: NodeId,
    pub(crate) options: Options,
    pub(crate) names: Names,
    pub(crate) registry: Registry,
    pub(crate) exchange: Arc<Exchange>,
    /// The channel of this node.
    pub(crate) own: Channel,
}

impl Context {
    pub(crate) fn new(node: NodeId, options: Options) -> Arc<Self> {
        let names = Names::new(&options.name);
        let own = names.node(node);
        let registry = Registry::new(own.clone());
        Arc::new(Self { node, options, names, registry, exchange: Arc::default(), own })
    }

    /// Takes in what came through a connection.
    pub(crate) fn receive(&self, via: Via, channel: &str, bytes: Vec<u8>) {
        let Some(frame) = Frame::decode(Bytes::from(bytes)) else {
            tracing::debug!(channel, "a message on the bus that is not of this program");
            return;
        };
        match self.registry.deliver(via, channel, frame) {
            Some(Frame::Request { from, number, within, payload }) => {
                self.exchange.requested(from, number, within, payload);
            }
            Some(Frame::Reply { from, number, payload }) => {
                self.exchange.replied(from, number, payload);
            }
            Some(Frame::Message { .. }) | None => {}
        }
    }

    /// A connection has been lost: what it heard is heard no more.
    pub(crate) fn lose(&self, via: Via) {
        let own = self.registry.hears(via, &self.own);
        self.registry.lost(via);
        if own {
            self.exchange.give_up();
        }
    }
}
