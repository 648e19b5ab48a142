//! The settings of `caffis-chat pg-relay`.

use caffis_relay::{DatabaseSettings, EndpointSettings, Role};

use super::{
    error::ConfigError,
    model::{Config, RelaySettings},
};

impl RelaySettings {
    /// Where PostgreSQL is.
    ///
    /// # Errors
    /// It is not set.
    pub fn database(&self) -> Result<DatabaseSettings, ConfigError> {
        let url = self
            .database
            .as_ref()
            .ok_or_else(|| missing("pg_relay_database", "postgresql://user@host/database"))?;
        Ok(DatabaseSettings {
            url: url.0.clone(),
            password: self.database_password.as_ref().map(|password| password.0.clone()),
            ca: self.database_ca.clone(),
        })
    }

    /// The role that an installation makes.
    #[must_use]
    pub fn role(&self) -> Role {
        let password = self.role_password.as_ref().map(|password| password.0.clone());
        Role { name: self.role.clone(), password }
    }

    /// Everything that a relay needs.
    ///
    /// # Errors
    /// Something is not set.
    pub fn settings(&self) -> Result<caffis_relay::Settings, ConfigError> {
        let endpoint = self.endpoint.clone().ok_or_else(|| {
            missing("pg_relay_endpoint", "https://chat.example.org/api/chat/hooks/main")
        })?;
        if self.secrets.is_empty() {
            return Err(missing(
                "pg_relay_secrets",
                "the secret of this source at the receiver, whsec_…",
            ));
        }
        Ok(caffis_relay::Settings {
            database: self.database()?,
            schema: self.schema.clone(),
            endpoint: EndpointSettings {
                url: endpoint,
                secrets: self.secrets.iter().map(|secret| secret.0.clone()).collect(),
                ca: self.endpoint_ca.clone(),
            },
            limits: self.limits.clone(),
        })
    }
}

fn missing(key: &str, allowed: &str) -> ConfigError {
    ConfigError::Conflict(format!("{key} is not set; allowed is {allowed}"))
}

/// Refuses limits that cannot work together, and half of the quiet hours.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let conflict = |sentence: &str| Err(ConfigError::Conflict(sentence.to_owned()));
    let (limits, columns) = (&config.relay.limits, &config.relay.columns);
    if limits.lease < limits.request_timeout * 2 {
        return conflict(
            "pg_relay_lease must be at least twice pg_relay_request_timeout, or a slow event could be sent twice at once",
        );
    }
    if limits.retry_longest < limits.retry_first {
        return conflict("pg_relay_retry_longest is shorter than pg_relay_retry_first");
    }
    if columns.quiet_start.is_some() != columns.quiet_end.is_some() {
        return conflict(
            "pg_relay_quiet_start and pg_relay_quiet_end belong together: set both or none",
        );
    }
    Ok(())
}
