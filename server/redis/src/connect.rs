//! Connections to Redis, and what a server says of itself.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, IntoConnectionInfo, ProtocolVersion,
    PushInfo, RedisConnectionInfo, RedisError, TlsCertificates, Value, aio::MultiplexedConnection,
    cmd,
};

use crate::options::{Address, Options};

/// How long a connection may take to open, with the handshakes.
pub(crate) const CONNECT: Duration = Duration::from_secs(2);

/// How long a server may take to answer.
pub(crate) const RESPONSE: Duration = Duration::from_secs(2);

/// Commands that wait to be written to one connection; publishing waits for room.
const PIPELINE: usize = 64;

/// Bytes that are gathered for one write.
const WRITE_BYTES: usize = 64 * 1024;

/// Why there is no connection to a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// It cannot be reached, or does not answer. That may change by itself.
    #[error("{0}")]
    Unreachable(String),
    /// It does not let this user in, or not do what the bus needs. Somebody has to change that.
    #[error("{0}")]
    Refused(String),
}

/// Sorts an error by whether somebody has to do something.
pub(crate) fn error(place: &str, error: &RedisError) -> ConnectError {
    let sentence = format!("{place}: {error}");
    let login = matches!(error.code(), Some("NOPERM" | "NOAUTH" | "WRONGPASS"));
    if login || error.kind() == redis::ErrorKind::AuthenticationFailed {
        ConnectError::Refused(sentence)
    } else {
        ConnectError::Unreachable(sentence)
    }
}

/// Opens a connection. What Redis pushes goes to a function that must not wait.
pub(crate) async fn open(
    options: &Options,
    address: &Address,
    pushed: impl Fn(PushInfo) + Send + Sync + 'static,
) -> Result<MultiplexedConnection, ConnectError> {
    let place = address.to_string();
    let client = client(options, address).map_err(|reason| error(&place, &reason))?;
    let push = move |info| {
        pushed(info);
        Ok::<(), std::convert::Infallible>(())
    };
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(RESPONSE))
        .set_pipeline_buffer_size(PIPELINE)
        .set_write_backpressure_boundary(WRITE_BYTES)
        .set_push_sender(push);
    let opened = client.get_multiplexed_async_connection_with_config(&config).await;
    opened.map_err(|reason| error(&place, &reason))
}

fn client(options: &Options, address: &Address) -> Result<Client, RedisError> {
    let (host, port) = (address.host.clone(), address.port);
    let mut login =
        RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name();
    if let Some(user) = &options.user {
        login = login.set_username(user);
    }
    if let Some(password) = &options.password {
        login = login.set_password(password);
    }
    if !options.tls {
        let address = ConnectionAddr::Tcp(host, port).into_connection_info()?;
        return Client::open(address.set_redis_settings(login));
    }
    // `redis` takes the process's provider. If there is one already, it stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address = ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None };
    let address = address.into_connection_info()?.set_redis_settings(login);
    let root_cert = options.authority.clone();
    Client::build_with_tls(address, TlsCertificates { client_tls: None, root_cert })
}

/// What a server says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// It is a part of a Redis Cluster.
    pub(crate) is_cluster: bool,
    /// It is no replica. What is published on a replica does not reach the others.
    pub(crate) is_master: bool,
}

/// Asks a server what it is, which also shows that it answers.
pub(crate) async fn greet(connection: &MultiplexedConnection) -> Result<Greeting, RedisError> {
    let answer = send(connection, &cmd("HELLO")).await?;
    let Value::Map(fields) = answer else {
        return Err(unexpected("HELLO", &answer));
    };
    let field = |name: &str| {
        fields.iter().find_map(|(key, value)| (text(key)? == name).then(|| text(value))?)
    };
    let (mode, role) = (field("mode"), field("role"));
    Ok(Greeting { is_cluster: mode == Some("cluster"), is_master: role == Some("master") })
}

/// The masters of a Redis Cluster and their slots, by one of its servers.
pub(crate) async fn slots(
    connection: &MultiplexedConnection,
    asked: &Address,
) -> Result<BTreeMap<Address, Vec<RangeInclusive<u16>>>, RedisError> {
    let answer = send(connection, cmd("CLUSTER").arg("SLOTS")).await?;
    let mut masters: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let Value::Array(ranges) = &answer else { return Err(unexpected("CLUSTER SLOTS", &answer)) };
    for range in ranges {
        let (master, slots) =
            master(range, asked).ok_or_else(|| unexpected("CLUSTER SLOTS", range))?;
        masters.entry(master).or_default().push(slots);
    }
    Ok(masters)
}

/// One entry: first and last slot, the master, and its replicas.
fn master(range: &Value, asked: &Address) -> Option<(Address, RangeInclusive<u16>)> {
    let Value::Array(parts) = range else { return None };
    let [first, last, Value::Array(master), ..] = parts.as_slice() else { return None };
    let [host, port, ..] = master.as_slice() else { return None };
    // A server that does not know its own name means the one by which it was reached.
    let host = text(host).filter(|host| !matches!(*host, "" | "?")).unwrap_or(&asked.host);
    let address = Address { host: host.to_owned(), port: number(port)? };
    Some((address, number(first)?..=number(last)?))
}

/// Sends a command and reads its answer; one that is an error is an error.
pub(crate) async fn send(
    connection: &MultiplexedConnection,
    command: &Cmd,
) -> Result<Value, RedisError> {
    connection.clone().send_packed_command(command).await?.extract_error()
}

/// An answer that makes no sense.
pub(crate) fn unexpected(command: &'static str, answer: &Value) -> RedisError {
    let description = format!("{command} was answered with {answer:?}");
    (redis::ErrorKind::UnexpectedReturnType, "an unexpected answer", description).into()
}

pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u16> {
    match value {
        Value::Int(number) => u16::try_from(*number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn the_master_of_some_slots() {
        let asked = Address { host: "asked".to_owned(), port: 1 };
        let entry = |host: Value| {
            let master = Value::Array(vec![host, Value::Int(7000), bulk("id")]);
            let replica = Value::Array(vec![bulk("replica"), Value::Int(7001), bulk("id")]);
            Value::Array(vec![Value::Int(5461), Value::Int(10922), master, replica])
        };
        for (host, found) in [(bulk("one"), "one"), (bulk(""), "asked"), (Value::Nil, "asked")] {
            let (address, slots) = master(&entry(host), &asked).unwrap();
            assert_eq!((address.to_string(), slots), (format!("{found}:7000"), 5461..=10922));
        }
        assert!(master(&Value::Array(vec![Value::Int(0)]), &asked).is_none());
        assert!(master(&Value::Nil, &asked).is_none());
    }
}
