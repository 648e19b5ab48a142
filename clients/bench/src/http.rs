//! A lean HTTP/1.1 client: one connection, one request after the other.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A connection that is kept.
pub(crate) struct Http {
    stream: TcpStream,
    server: SocketAddr,
    answer: Vec<u8>,
}

impl Http {
    pub(crate) async fn connect(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, server, answer: Vec::new() })
    }

    /// The last answer, with its head.
    pub(crate) fn answer(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.answer)
    }

    /// Sends a request and waits for its 200; gives the length of the body. `headers` are whole lines.
    pub(crate) async fn request(
        &mut self,
        line: &str,
        headers: &str,
        body: &str,
    ) -> anyhow::Result<usize> {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            self.server,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer.clear();
        loop {
            let count = self.stream.read_buf(&mut self.answer).await?;
            ensure!(count > 0, "the server closed the connection");
            let end = self.answer.windows(4).position(|window| window == b"\r\n\r\n");
            let Some(end) = end else { continue };
            let head = std::str::from_utf8(&self.answer[..end])?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.context("an answer without a length")?.parse()?;
            if self.answer.len() >= end + 4 + length {
                ensure!(head.starts_with("HTTP/1.1 200"), "answered with {}", self.answer());
                return Ok(length);
            }
        }
    }
}
