//! What can go wrong, each with what to do about it.

use tokio_postgres::error::{Error as PostgresError, SqlState};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// There is no connection.
    #[error("PostgreSQL cannot be reached: {0}; check that it runs, and pg_relay_database")]
    Unreachable(String),
    /// It refuses who we are.
    #[error(
        "PostgreSQL refuses the login: {0}; check the user in pg_relay_database, pg_relay_database_password, and pg_hba.conf"
    )]
    Login(String),
    /// Its certificate is not trusted.
    #[error(
        "the certificate of PostgreSQL is refused: {0}; name its authority in pg_relay_database_ca, connect by a name that it has, or say sslmode=disable in a network that you trust"
    )]
    Certificate(String),
    /// A file of certificates cannot be used.
    #[error("{key} `{path}` cannot be used: {reason}; allowed is a file with certificates in PEM")]
    CertificateFile {
        /// The setting.
        key: &'static str,
        /// Its value.
        path: String,
        /// Why.
        reason: String,
    },
    /// It cannot be written to.
    #[error(
        "this PostgreSQL is read-only (a replica, or default_transaction_read_only): name the primary in pg_relay_database, or all servers with target_session_attrs=read-write"
    )]
    ReadOnly,
    /// Its version is too old.
    #[error("this PostgreSQL has version {0}; 14 or newer is needed")]
    TooOld(String),
    /// Nothing is installed.
    #[error(
        "there is no outbox in the schema {0}: run `caffis-chat pg-relay install --apply`, or set pg_relay_schema"
    )]
    NotInstalled(String),
    /// A right is missing.
    #[error(
        "PostgreSQL refuses a right: {0}; run `caffis-chat pg-relay install --apply` as the owner of the table with this user as pg_relay_role"
    )]
    Right(String),
    /// There is no such table.
    #[error(
        "there is no table {0}: set pg_relay_table, with its schema unless that is in the search path"
    )]
    NoTable(String),
    /// It is not a table.
    #[error("{table} is {kind}: triggers need an ordinary or a partitioned table")]
    NotATable {
        /// Its name.
        table: String,
        /// What it is.
        kind: String,
    },
    /// There is no such column.
    #[error("{setting} is `{column}`, but {table} has no such column; it has {columns}")]
    NoColumn {
        /// The setting that names it.
        setting: String,
        /// Its name.
        column: String,
        /// The table.
        table: String,
        /// What there is instead.
        columns: String,
    },
    /// Two users could have the same id.
    #[error(
        "the column {key} of {table} is neither a primary key of its own nor unique and NOT NULL: users could not be told apart; give the table a primary key (ALTER TABLE {table} ADD PRIMARY KEY ({key})), or name another column in pg_relay_key"
    )]
    NoPrimaryKey {
        /// The table.
        table: String,
        /// The column.
        key: String,
    },
    /// The type of the key is not one that we know how to order and write.
    #[error(
        "the column {key} has the type {kind}; allowed are text, varchar, uuid, smallint, integer and bigint"
    )]
    KeyType {
        /// The column.
        key: String,
        /// Its type.
        kind: String,
    },
    /// The relay would see only some of the users.
    #[error(
        "row-level security hides users of {table} from {role}: give it a policy that shows all rows, or BYPASSRLS; otherwise a resync would delete the users that it does not see"
    )]
    RowSecurity {
        /// The table.
        table: String,
        /// The relay's role.
        role: String,
    },
    /// The outbox belongs to something else.
    #[error(
        "the schema {schema} mirrors {found}, not {wanted}: uninstall that first, or set pg_relay_schema to another name"
    )]
    OtherTable {
        /// The schema.
        schema: String,
        /// What it mirrors.
        found: String,
        /// What it should.
        wanted: String,
    },
    /// The table is not as it was when the triggers were made.
    #[error(
        "the users table has changed: {0}; run `caffis-chat pg-relay install --apply` with a map that fits, then `resync`"
    )]
    SchemaChanged(String),
    /// Somebody holds the table.
    #[error("{0}: another transaction holds it; try again when it has ended")]
    Busy(String),
    /// The first fill is not over.
    #[error(
        "the first fill is not done yet: {filled} users so far; resync when `status` says that it is"
    )]
    Filling {
        /// How far it is.
        filled: i64,
    },
    /// The address of the receiver cannot be used.
    #[error("pg_relay_endpoint cannot be used: {0}")]
    Endpoint(String),
    /// Anything else that PostgreSQL says.
    #[error("PostgreSQL says: {0}")]
    Statement(String),
}

impl From<PostgresError> for RelayError {
    fn from(error: PostgresError) -> Self {
        let Some(said) = error.as_db_error() else { return connection(&error) };
        let message = said.message().to_owned();
        let code = said.code();
        match code.code() {
            "28000" | "28P01" | "3D000" => Self::Login(message),
            "25006" => Self::ReadOnly,
            "42501" => Self::Right(message),
            "55P03" => Self::Busy(message),
            // Starting, stopping, or too many connections.
            "57P01" | "57P02" | "57P03" | "53300" => Self::Unreachable(message),
            _ if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::UNDEFINED_COLUMN => {
                Self::SchemaChanged(message)
            }
            code => Self::Statement(format!("{message} ({code})")),
        }
    }
}

/// What an error of the connection itself means.
fn connection(error: &PostgresError) -> RelayError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    if text.contains("certificate") {
        return RelayError::Certificate(text);
    }
    if text.contains("password missing") {
        return RelayError::Login("a password is needed".to_owned());
    }
    RelayError::Unreachable(text)
}
