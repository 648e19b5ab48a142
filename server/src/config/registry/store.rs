//! Where everything is kept.

use super::units::{GIB, MIB};
use crate::config::{
    field::{Field, Number},
    setting::{Group, Setting, setting},
    shared::{is_copies, is_loss, is_store},
    valid::is_word,
};

const GROUP: Group = Group::Store;

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "store",
        GROUP,
        "CQL servers (ScyllaDB, Apache Cassandra) that keep everything; needs bus; empty: the data folder",
        Field::Address(
            |c| &mut c.store.address,
            is_store,
            "scylla://[user[:password]@]host[:port][,host[:port]]/keyspace",
        ),
    ),
    setting(
        "store_user",
        GROUP,
        "User of the CQL servers, instead of the one in store; empty: none",
        Field::Maybe(|c| &mut c.store.user, is_word, "a text of up to 256 bytes"),
    ),
    setting(
        "store_password",
        GROUP,
        "Password of the CQL servers, instead of the one in store; empty: none",
        Field::Secret(|c| &mut c.store.password, 1),
    ),
    setting(
        "store_tls",
        GROUP,
        "Whether connections to the CQL servers are encrypted",
        Field::Switch(|c| &mut c.store.tls.on),
    ),
    setting(
        "store_ca",
        GROUP,
        "Root certificates (PEM) for the TLS certificates of the CQL servers; empty: the machine's",
        Field::File(|c| &mut c.store.tls.ca),
    ),
    setting(
        "store_tls_name",
        GROUP,
        "The name that the certificate of every CQL server holds; empty: each holds the address of its server",
        Field::Maybe(|c| &mut c.store.tls.name, is_word, "a text of up to 256 bytes"),
    ),
    setting(
        "store_certificate",
        GROUP,
        "This node's certificate (PEM), for CQL servers that ask for one; needs store_key; empty: none",
        Field::File(|c| &mut c.store.tls.certificate),
    ),
    setting(
        "store_key",
        GROUP,
        "Private key (PEM) of store_certificate; empty: none",
        Field::File(|c| &mut c.store.tls.key),
    ),
    setting(
        "store_data_centre",
        GROUP,
        "The CQL servers' data centre in which this node is; needed if they are in several",
        Field::Maybe(|c| &mut c.store.data_centre, is_word, "a text of up to 256 bytes"),
    ),
    setting(
        "store_replication",
        GROUP,
        "Copies of each row, for a keyspace that is made: one number, or a number for each data centre",
        Field::Words(
            |c| &mut c.store.replication,
            is_copies,
            "a number from 1 to 9, or data centres with numbers such as milan:3,rome:3",
        ),
    ),
    setting(
        "accept_loss",
        GROUP,
        "Losses of acknowledged messages that you accept from the CQL servers' settings: replication (fewer than three copies), commit_log (acknowledged before they are on the disk); empty: none, so such servers are refused",
        Field::Words(|c| &mut c.store.accept_loss, is_loss, "replication, commit_log"),
    ),
    setting(
        "store_reserve",
        GROUP,
        "Free disk space below which writes are refused",
        Field::Size(|c| Number::U64(&mut c.store_reserve), 0, 1024 * GIB),
    ),
    setting(
        "store_cache",
        GROUP,
        "Memory for blocks read from disk",
        Field::Size(|c| Number::U64(&mut c.store_cache), MIB, 1024 * GIB),
    ),
];
