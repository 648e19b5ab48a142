//! The side of the command line.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use super::{
    protocol::{Answer, MAX_ANSWER, MAX_CHUNK, PATIENCE, Request, SOCKET, SocketAddress},
    status::{ClusterStatus, NodeStatus},
};
use crate::service_keys::{KeyInfo, KeyOrder};

/// Why a command to a running server failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The connection broke.
    #[error("the running server did not answer: {0}")]
    Broken(#[from] io::Error),
    /// It answered something else than it should.
    #[error("the running server gave an invalid answer")]
    Nonsense,
    /// It could not do it.
    #[error("the running server answered: {0}")]
    Failed(String),
}

/// A connection to a running server.
pub struct Connection(BufReader<UnixStream>);

impl Connection {
    /// Connects to the server of this data folder, or returns none if none is running.
    #[must_use]
    pub fn open(data: &Path) -> Option<Self> {
        let address = SocketAddress::new(data, SOCKET).ok()?;
        let stream = UnixStream::connect(&address.path).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        Some(Self(BufReader::new(stream)))
    }

    /// Asks for something without a stream.
    ///
    /// # Errors
    /// Any [`ControlError`].
    pub fn ask(mut self, request: &Request) -> Result<(), ControlError> {
        self.say(request)?;
        self.rows().map(|_| ())
    }

    /// What the running server knows of the cluster.
    ///
    /// # Errors
    /// Any [`ControlError`].
    pub fn cluster(mut self) -> Result<ClusterStatus, ControlError> {
        self.say(&Request::Cluster)?;
        match self.answer()? {
            Answer::Cluster(status) => Ok(status),
            _ => Err(ControlError::Nonsense),
        }
    }

    /// Has the running node hand a shard over; gives the node that has it then.
    ///
    /// # Errors
    /// Any [`ControlError`].
    pub fn hand_over(mut self, shard: u64, to: Option<String>) -> Result<NodeStatus, ControlError> {
        self.say(&Request::HandOver { shard, to })?;
        match self.answer()? {
            Answer::HandedOver(node) => Ok(node),
            _ => Err(ControlError::Nonsense),
        }
    }

    /// Asks something that has an answer of its own.
    ///
    /// # Errors
    /// Any [`ControlError`].
    pub fn question(mut self, request: &Request) -> Result<Answer, ControlError> {
        self.say(request)?;
        self.answer()
    }

    /// Gives an order about the keys of services; gives the keys that it was about.
    ///
    /// # Errors
    /// Any [`ControlError`].
    pub fn keys(mut self, order: KeyOrder) -> Result<Vec<KeyInfo>, ControlError> {
        self.say(&Request::Keys { order })?;
        match self.answer()? {
            Answer::Keys(keys) => Ok(keys),
            _ => Err(ControlError::Nonsense),
        }
    }

    /// Writes a backup of the running server's store; gives its rows.
    ///
    /// # Errors
    /// Any [`ControlError`]; the output is then incomplete.
    pub fn backup(mut self, out: &mut impl Write) -> Result<u64, ControlError> {
        self.say(&Request::Backup)?;
        let mut chunk = vec![0; MAX_CHUNK];
        loop {
            let mut length = [0; 4];
            self.0.read_exact(&mut length)?;
            let length = u32::from_be_bytes(length) as usize;
            if length == 0 {
                return self.rows();
            }
            let part = chunk.get_mut(..length).ok_or(ControlError::Nonsense)?;
            self.0.read_exact(part)?;
            out.write_all(part)?;
        }
    }

    fn say(&mut self, request: &Request) -> Result<(), ControlError> {
        let mut line = serde_json::to_vec(request).map_err(|_| ControlError::Nonsense)?;
        line.push(b'\n');
        Ok(self.0.get_mut().write_all(&line)?)
    }

    fn rows(&mut self) -> Result<u64, ControlError> {
        match self.answer()? {
            Answer::Done { rows } => Ok(rows),
            _ => Err(ControlError::Nonsense),
        }
    }

    fn answer(&mut self) -> Result<Answer, ControlError> {
        let mut line = String::new();
        (&mut self.0).take(MAX_ANSWER).read_line(&mut line)?;
        match serde_json::from_str(&line).map_err(|_| ControlError::Nonsense)? {
            Answer::Failed(reason) => Err(ControlError::Failed(reason)),
            answer => Ok(answer),
        }
    }
}
