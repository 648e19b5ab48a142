//! The driver, and its settings.

use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

use scylla::{
    client::{
        PoolSize,
        execution_profile::{ExecutionProfile, ExecutionProfileHandle},
        session::Session,
        session_builder::SessionBuilder,
    },
    policies::{
        load_balancing::{DefaultPolicy, LoadBalancingPolicy},
        retry::FallthroughRetryPolicy,
        speculative_execution::SimpleSpeculativeExecutionPolicy,
    },
    statement::{Consistency, SerialConsistency},
};

use crate::{
    failure::ReadRetries,
    options::{ConnectError, Options},
};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request may take, with all its attempts. Longer than the servers' own limits (2 s for a
/// write, 5 s for a read), which say more; shorter than the time that core gives a call (10 s).
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);
/// After this time a read is asked of another replica too, and the first answer counts. A read takes
/// one or two milliseconds; this is a server that collects garbage, or has just died.
const SPECULATE_AFTER: Duration = Duration::from_millis(100);
/// Connections to each server, or to each of its shards. One carries 32,768 requests at once.
const CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN;
/// A silent connection is asked for a sign of life this often, and closed if none comes in time: so a
/// server that lost its power is noticed after at most 15 s.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long servers may take until all of them know a changed schema.
const SCHEMA_TIMEOUT: Duration = Duration::from_secs(60);

/// How each kind of statement is sent.
#[derive(Clone, Debug)]
pub(crate) struct Profiles {
    /// Speculative, because reading twice costs little and changes nothing.
    pub(crate) read: ExecutionProfileHandle,
    /// Not speculative: a quorum of the replicas is written to at once anyway, and only a coordinator
    /// could be slow. Each request has its own policy for retries.
    pub(crate) write: ExecutionProfileHandle,
    /// Sent once.
    pub(crate) conditional: ExecutionProfileHandle,
}

impl Profiles {
    pub(crate) fn new(options: &Options) -> Self {
        let balancing = balancing(options);
        let profile = || {
            ExecutionProfile::builder()
                .consistency(Consistency::LocalQuorum)
                .serial_consistency(Some(SerialConsistency::LocalSerial))
                .request_timeout(Some(REQUEST_TIMEOUT))
                .load_balancing_policy(Arc::clone(&balancing))
        };
        let speculation = SimpleSpeculativeExecutionPolicy {
            max_retry_count: 1,
            retry_interval: SPECULATE_AFTER,
        };
        Self {
            read: profile()
                .retry_policy(Arc::new(ReadRetries))
                .speculative_execution_policy(Some(Arc::new(speculation)))
                .build()
                .into_handle(),
            write: profile().retry_policy(Arc::new(FallthroughRetryPolicy)).build().into_handle(),
            conditional: profile()
                .retry_policy(Arc::new(FallthroughRetryPolicy))
                .build()
                .into_handle(),
        }
    }
}

/// To a replica of the partition, in this data centre and in no other.
fn balancing(options: &Options) -> Arc<dyn LoadBalancingPolicy> {
    let mut policy = DefaultPolicy::builder().token_aware(true).permit_dc_failover(false);
    if let Some(centre) = &options.data_centre {
        policy = policy.prefer_datacenter(centre.clone());
    }
    policy.build()
}

/// Connects, and looks whether the data centre is known.
pub(crate) async fn connect(
    options: &Options,
    profiles: &Profiles,
) -> Result<Session, ConnectError> {
    options.check()?;
    let mut builder = SessionBuilder::new()
        .known_nodes(&options.hosts)
        .pool_size(PoolSize::PerShard(CONNECTIONS))
        .connection_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .keepalive_interval(KEEPALIVE_INTERVAL)
        .keepalive_timeout(KEEPALIVE_TIMEOUT)
        .schema_agreement_timeout(SCHEMA_TIMEOUT)
        // Where replicas are follows from the keyspace; nothing else of a schema is of use.
        .keyspaces_to_fetch([options.keyspace.clone()])
        .default_execution_profile_handle(profiles.read.clone());
    if let Some(credentials) = &options.credentials {
        builder = builder.user(&credentials.user, &credentials.password);
    }
    if let Some(tls) = &options.tls {
        builder = builder.tls_context(Some(tls.client_config()?));
    }
    let session = builder.build().await;
    let session = session.map_err(|error| ConnectError::unreachable(options, error))?;
    check_data_centre(options, &session)?;
    Ok(session)
}

fn check_data_centre(options: &Options, session: &Session) -> Result<(), ConnectError> {
    let state = session.get_cluster_state();
    let nodes = state.get_nodes_info().iter();
    let centres: BTreeSet<&str> = nodes.filter_map(|node| node.datacenter.as_deref()).collect();
    match &options.data_centre {
        Some(wanted) if !centres.contains(wanted.as_str()) => {
            Err(ConnectError::DataCentre(wanted.clone()))
        }
        None if centres.len() > 1 => {
            let names: Vec<&str> = centres.into_iter().collect();
            Err(ConnectError::SeveralDataCentres(names.join(", ")))
        }
        _ => Ok(()),
    }
}
