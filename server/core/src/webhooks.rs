//! What services and operators ask of webhooks to other services: their endpoints, and what was given up.

use std::time::Duration;

use caffis_schema::{
    Error, ErrorCode,
    endpoints::{
        DeadLetterPage, EndpointChange, EndpointSettings, EndpointState, EndpointStates,
        InspectedDeadLetter, Redriven,
    },
};

use crate::{
    Core, Inquirer,
    model::{authorise::authorise_webhooks, webhooks::DeadLetterFilter},
    outgoing::Cursor,
};

impl Core {
    /// What becomes of the webhooks to each endpoint, on all nodes together.
    ///
    /// # Errors
    /// `forbidden` for who may not ask.
    pub async fn endpoint_states(&self, by: &Inquirer) -> Result<EndpointStates, Error> {
        authorise_webhooks(by.service)?;
        Ok(match self.outgoing() {
            Some(outgoing) => outgoing.states().await,
            None => EndpointStates::default(),
        })
    }

    /// One endpoint, and what becomes of its webhooks, on all nodes together.
    ///
    /// # Errors
    /// `forbidden` for who may not ask, and `not_found`.
    pub async fn endpoint_state(&self, by: &Inquirer, name: &str) -> Result<EndpointState, Error> {
        let states = self.endpoint_states(by).await?;
        let found = states.endpoints.iter().find(|state| state.endpoint.as_str() == name);
        found.cloned().ok_or_else(no_such_endpoint)
    }

    /// Makes an endpoint, which is told what happens from now on.
    ///
    /// # Errors
    /// `forbidden` for who may not and for one of the configuration, `conflict` if there is one of this name,
    /// `limit_reached`, `invalid` for what cannot be, and what the store says.
    pub async fn create_endpoint(
        &self,
        by: &Inquirer,
        name: &str,
        change: &EndpointChange,
        secret: &str,
    ) -> Result<EndpointSettings, Error> {
        authorise_webhooks(by.service)?;
        self.outgoing().ok_or_else(no_endpoints)?.create(name, change, secret).await
    }

    /// Changes where an endpoint is that was made by API, and what it is told.
    ///
    /// # Errors
    /// As [`Core::create_endpoint`], and `not_found`.
    pub async fn change_endpoint(
        &self,
        by: &Inquirer,
        name: &str,
        change: &EndpointChange,
    ) -> Result<EndpointSettings, Error> {
        authorise_webhooks(by.service)?;
        self.outgoing().ok_or_else(no_endpoints)?.change(name, change).await
    }

    /// Gives an endpoint that was made by API a new secret; the one before signs beside it for a time.
    ///
    /// # Errors
    /// As [`Core::change_endpoint`].
    pub async fn rotate_endpoint(
        &self,
        by: &Inquirer,
        name: &str,
        secret: &str,
        grace: Duration,
    ) -> Result<EndpointSettings, Error> {
        authorise_webhooks(by.service)?;
        self.outgoing().ok_or_else(no_endpoints)?.rotate(name, secret, grace).await
    }

    /// Deletes an endpoint that was made by API, with its secrets.
    ///
    /// # Errors
    /// As [`Core::change_endpoint`].
    pub async fn delete_endpoint(&self, by: &Inquirer, name: &str) -> Result<(), Error> {
        authorise_webhooks(by.service)?;
        self.outgoing().ok_or_else(no_endpoints)?.delete(name).await
    }

    /// The webhooks that were given up, oldest first: at most `limit` after a place in the list.
    ///
    /// # Errors
    /// `forbidden` for who may not ask, `not_found` for an endpoint that there is not, `invalid` for a place that no
    /// list has named.
    pub async fn dead_letters(
        &self,
        by: &Inquirer,
        endpoint: Option<&str>,
        after: Option<&str>,
        limit: u8,
    ) -> Result<DeadLetterPage, Error> {
        authorise_webhooks(by.service)?;
        let after = after.map(|after| after.parse::<Cursor>()).transpose().map_err(|()| {
            Error::refused(ErrorCode::Invalid, "after is not what a list has given as next.")
        })?;
        match (self.outgoing(), endpoint) {
            (Some(outgoing), _) => {
                outgoing.dead_letters(endpoint, after.as_ref(), limit.into()).await
            }
            (None, Some(_)) => Err(no_endpoints()),
            (None, None) => Ok(DeadLetterPage { letters: Default::default(), next: None }),
        }
    }

    /// A webhook that was given up, with the body that it would have now.
    ///
    /// # Errors
    /// `forbidden` for who may not ask, `not_found`, and what keeps the owner of its room from answering.
    pub async fn dead_letter(&self, by: &Inquirer, id: &str) -> Result<InspectedDeadLetter, Error> {
        authorise_webhooks(by.service)?;
        self.outgoing().ok_or_else(no_endpoints)?.inspect(id).await
    }

    /// Sends webhooks that were given up again, from the nodes that own their rooms: until one of an endpoint is
    /// not taken, or it has taken long.
    ///
    /// # Errors
    /// `forbidden` for who may not, `not_found`, and what the store says.
    pub async fn redrive(
        &self,
        by: &Inquirer,
        which: &DeadLetterFilter,
    ) -> Result<Redriven, Error> {
        authorise_webhooks(by.service)?;
        match self.outgoing() {
            Some(outgoing) => outgoing.redrive(which).await,
            None if *which == DeadLetterFilter::default() => Ok(Redriven::default()),
            None => Err(no_endpoints()),
        }
    }
}

fn no_such_endpoint() -> Error {
    Error::refused(ErrorCode::NotFound, "There is no such endpoint.")
}

fn no_endpoints() -> Error {
    Error::refused(ErrorCode::NotFound, "No endpoint of webhooks is configured.")
}
