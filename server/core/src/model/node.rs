//! The name of a process of the cluster.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A node: one process from its start to its end. The same machine is another node the next time.
/// In text 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(u64);

impl NodeId {
    /// The node with this number; the top bit is cleared, so that it fits a signed column.
    #[must_use]
    pub const fn from_random(number: u64) -> Self {
        Self(number & (u64::MAX >> 1))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not that of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a node: 16 hexadecimal digits below 2^63")]
pub struct NotANode;

impl FromStr for NodeId {
    type Err = NotANode;

    fn from_str(text: &str) -> Result<Self, NotANode> {
        let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 16 || !digits {
            return Err(NotANode);
        }
        let number = u64::from_str_radix(text, 16).map_err(|_| NotANode)?;
        if number > u64::MAX >> 1 { Err(NotANode) } else { Ok(Self(number)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_reads_back_from_its_text() {
        for number in [0, 7, u64::MAX] {
            let node = NodeId::from_random(number);
            assert_eq!(node.to_string().parse(), Ok(node));
        }
        assert_eq!(NodeId::from_random(0xfe).to_string(), "00000000000000fe");
        let not_nodes = [
            "",
            "fe",
            "00000000000000FE",
            "+0000000000000fe",
            "8000000000000000",
            "00000000000000fe0",
        ];
        for text in not_nodes {
            assert_eq!(text.parse::<NodeId>(), Err(NotANode), "{text}");
        }
    }
}
