//! The names of channels, and where they lie in a Redis Cluster.

use std::sync::Arc;

use caffis_core::ports::bus::{NodeId, Topic};

/// The slots of a Redis Cluster.
pub(crate) const SLOTS: u16 = 16_384;

/// A channel's name. Cheap to clone.
pub(crate) type Channel = Arc<str>;

/// Names the channels of one cluster of nodes. All begin with `caffis:` and the cluster's name, for access
/// rules.
pub(crate) struct Names {
    prefix: String,
}

impl Names {
    pub(crate) fn new(name: &str) -> Self {
        Self { prefix: format!("caffis:{name}:") }
    }

    /// What is published on a topic.
    pub(crate) fn topic(&self, topic: &Topic) -> Channel {
        format!("{}topic:{}", self.prefix, topic.as_str()).into()
    }

    /// Requests and replies to a node.
    pub(crate) fn node(&self, node: NodeId) -> Channel {
        format!("{}node:{node}", self.prefix).into()
    }
}

/// The slot in which a channel lies: a CRC of its name, or of what stands in its first braces.
pub(crate) fn slot(channel: &str) -> u16 {
    let tag = channel.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    let hashed = tag.map(|(tag, _)| tag).filter(|tag| !tag.is_empty()).unwrap_or(channel);
    // CRC-16/XMODEM.
    let crc = hashed.bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `CLUSTER KEYSLOT` of Redis 7.0, and the check value of the CRC.
    #[test]
    fn slots_are_those_of_redis() {
        assert_eq!(slot("123456789"), 0x31c3);
        assert_eq!(slot("foo"), 12182);
        assert_eq!(slot("{user1000}.following"), slot("user1000"));
        assert_eq!(slot("foo{}{bar}"), 8363);
        assert_eq!(slot("foo{{bar}}zap"), slot("{bar"));
        assert_eq!(slot("foo{bar}{zap}"), slot("bar"));
        assert_eq!(slot("foo{bar"), 15278);
    }

    #[test]
    fn names_of_two_clusters_differ() {
        let (one, two) = (Names::new("one"), Names::new("two"));
        let topic = Topic::new("room/1").unwrap();
        assert_eq!(&*one.topic(&topic), "caffis:one:topic:room/1");
        assert_ne!(one.topic(&topic), two.topic(&topic));
        let node = NodeId::from_random(254);
        assert_eq!(&*two.node(node), "caffis:two:node:00000000000000fe");
    }
}
