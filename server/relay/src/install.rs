//! Puts the outbox and its triggers into a database, and removes them.

use postgres_protocol::password::scram_sha_256;

use crate::{
    connect::{Database, Session, answered},
    error::RelayError,
    inspect::Table,
    installed::Installation,
    names::{Names, literal, quoted},
    settings::{DatabaseSettings, Map},
};

/// The role of relays.
#[derive(Clone)]
pub struct Role {
    /// Its name; it is made unless there is one.
    pub name: String,
    /// Its password. Only a verifier of it reaches PostgreSQL.
    pub password: Option<String>,
}

/// What an installation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// There was none.
    New,
    /// It was there, and is the same.
    Same,
    /// It was there with another map: a resync brings what the receiver has up to date.
    OtherMap,
}

/// The statements of an installation, for whoever applies them otherwise.
///
/// # Errors
/// The table does not fit, or there is no connection.
pub async fn script(
    database: &DatabaseSettings,
    schema: &str,
    map: &Map,
    role: &Role,
) -> Result<String, RelayError> {
    let session = Database::new(database)?.connect().await?;
    Ok(prepare(&session, schema, map, role).await?.0)
}

/// Installs, or brings an installation up to date. All or nothing.
///
/// # Errors
/// The table does not fit, a right is missing, or somebody holds the table.
pub async fn install(
    database: &DatabaseSettings,
    schema: &str,
    map: &Map,
    role: &Role,
) -> Result<Installed, RelayError> {
    let session = Database::new(database)?.connect().await?;
    let (text, installed) = prepare(&session, schema, map, role).await?;
    answered(session.client.batch_execute(&text)).await?;
    Ok(installed)
}

async fn prepare(
    session: &Session,
    schema: &str,
    map: &Map,
    role: &Role,
) -> Result<(String, Installed), RelayError> {
    let table = Table::inspect(&session.client, map).await?;
    let before = Installation::find(session, schema).await?;
    let installed = match before {
        None => Installed::New,
        Some(before) if before.source != table.oid => {
            return Err(RelayError::OtherTable {
                schema: schema.to_owned(),
                found: before.table,
                wanted: map.table.clone(),
            });
        }
        Some(before) if before.columns[0] != table.columns[0] => {
            return Err(RelayError::OtherTable {
                schema: schema.to_owned(),
                found: format!("the key {} {}", before.columns[0].name, before.columns[0].kind),
                wanted: format!("{} {}", table.columns[0].name, table.columns[0].kind),
            });
        }
        Some(before) if before.columns == table.columns => Installed::Same,
        Some(_) => Installed::OtherMap,
    };
    let mut names = Names::in_schema(schema);
    table.installation(&mut names)?;
    roles(&mut names, role);
    let verifier = role.password.as_ref().map(|password| {
        let verifier = scram_sha_256(password.as_bytes());
        format!("ALTER ROLE {} PASSWORD {};", quoted(&role.name), literal(&verifier))
    });
    names.set("@ROLE_PASSWORD@", verifier.unwrap_or_default());
    Ok((names.fill(include_str!("sql/install.sql")), installed))
}

fn roles(names: &mut Names, role: &Role) {
    names.set("@ROLE@", quoted(&role.name));
    names.set("@ROLE_TEXT@", literal(&role.name));
}

/// The statements that remove an installation; none if there is none.
///
/// # Errors
/// There is no connection.
pub async fn uninstall_script(
    database: &DatabaseSettings,
    schema: &str,
    role: &Role,
) -> Result<Option<String>, RelayError> {
    let session = Database::new(database)?.connect().await?;
    let found = Installation::find(&session, schema).await?;
    Ok(found.map(|found| removal(&found, role)))
}

/// Removes an installation; says whether there was one. All or nothing.
///
/// # Errors
/// A right is missing, or somebody holds the table.
pub async fn uninstall(
    database: &DatabaseSettings,
    schema: &str,
    role: &Role,
) -> Result<bool, RelayError> {
    let session = Database::new(database)?.connect().await?;
    let Some(found) = Installation::find(&session, schema).await? else { return Ok(false) };
    answered(session.client.batch_execute(&removal(&found, role))).await?;
    Ok(true)
}

fn removal(found: &Installation, role: &Role) -> String {
    let mut names = found.names.clone();
    roles(&mut names, role);
    names.set("@TABLE_SCHEMA@", quoted(&found.table_schema));
    let mut text = String::from(
        "-- Made by `caffis-chat pg-relay uninstall`. The chat keeps the users that it has.\n\
         BEGIN;\nSET LOCAL lock_timeout = '5s';\n\
         -- With its functions, and so the triggers.\nDROP SCHEMA @SCHEMA@ CASCADE;\n",
    );
    if found.problem.is_none() {
        let columns: Vec<String> = found.columns.iter().map(|c| quoted(&c.name)).collect();
        names.set("@MAPPED@", columns.join(", "));
        text += "REVOKE SELECT (@MAPPED@) ON @TABLE@ FROM @ROLE@;\n";
    }
    if found.made_role {
        text += include_str!("sql/drop_role.sql");
    }
    text += "COMMIT;\n";
    names.fill(&text)
}
