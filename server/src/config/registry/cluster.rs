//! How a node is one of several.

use super::units::MINUTE;
use crate::config::{
    field::Field,
    setting::{Group, Setting, setting},
    shared::is_bus,
    valid::is_word,
};

const GROUP: Group = Group::Cluster;

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "bus",
        GROUP,
        "Redis, or a Redis Cluster, through which the nodes talk; needs store; empty: one node",
        Field::Address(
            |c| &mut c.cluster.bus,
            is_bus,
            "redis://[user[:password]@]host[:port][,host[:port]][/name], or rediss:// for TLS",
        ),
    ),
    setting(
        "bus_password",
        GROUP,
        "Password of Redis, instead of the one in bus; empty: none",
        Field::Secret(|c| &mut c.cluster.bus_password, 1),
    ),
    setting(
        "bus_ca",
        GROUP,
        "Root certificates (PEM) for the TLS certificate of Redis; empty: the machine's",
        Field::File(|c| &mut c.cluster.bus_ca),
    ),
    setting(
        "node_name",
        GROUP,
        "What this node is called in logs and by `caffis-chat cluster`; empty: the machine's name",
        Field::Maybe(|c| &mut c.cluster.node_name, is_word, "a text of up to 256 bytes"),
    ),
    setting(
        "lease_time",
        GROUP,
        "How long a node's rooms are its own without a renewal: after a crash they wait about as long; the same on all nodes",
        Field::Time(|c| &mut c.cluster.lease.lease_time, 100, 10 * MINUTE),
    ),
    setting(
        "lease_renewal",
        GROUP,
        "How often a node renews its lease, at most a third of lease_time; the same on all nodes",
        Field::Time(|c| &mut c.cluster.lease.lease_renewal, 10, MINUTE),
    ),
    setting(
        "lease_drift",
        GROUP,
        "How far the clocks of two nodes may drift apart within lease_time, at least a hundredth of it; the same on all nodes",
        Field::Time(|c| &mut c.cluster.lease.lease_drift, 1, MINUTE),
    ),
];
