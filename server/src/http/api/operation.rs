//! What one line of the API says.

use std::{future::Future, pin::Pin};

use axum::routing::MethodFilter;
use postcard_schema::{Schema, schema::NamedType};

use super::{answer::Answer, input::Given, parameter::Parameter, problem::Problem};

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// As axum routes it.
    pub(super) fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    /// As OpenAPI calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }
}

/// What a body is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    pub(super) schema: &'static NamedType,
    /// The fields that may be absent.
    pub(super) optional: &'static [&'static str],
}

/// A body of lines, each of which is JSON of a type.
pub(super) const fn lines<T: Schema>(
    optional: &'static [(&'static str, &'static [&'static str])],
) -> Option<Lines> {
    Some(Lines { schema: T::SCHEMA, optional })
}

/// A body that is read line by line, and not held as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    /// An enum, whose name on each line says what it is.
    pub(super) schema: &'static NamedType,
    /// For each of its names the fields that may be absent.
    pub(super) optional: &'static [(&'static str, &'static [&'static str])],
}

/// A body of a type.
pub(super) const fn body<T: Schema>(optional: &'static [&'static str]) -> Option<Body> {
    Some(Body { schema: T::SCHEMA, optional })
}

/// A handler's answer, to come.
pub(super) type Answering = Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>;

/// One thing that the API does.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// A word for programs, unique.
    pub(super) id: &'static str,
    pub(super) about: &'static str,
    /// The rights of services that may do it, each alone, as core decides.
    pub(super) rights: &'static [&'static str],
    /// Whether people may do it.
    pub(super) people: bool,
    pub(super) query: &'static [Parameter],
    pub(super) body: Option<Body>,
    pub(super) lines: Option<Lines>,
    /// Whether it wants an `Idempotency-Key`.
    pub(super) keyed: bool,
    /// Whether it counts as a message of a person.
    pub(super) message: bool,
    /// Whether it may not fit what there is, although it only reads.
    pub(super) conflicts: bool,
    /// What a 200 says.
    pub(super) answer: &'static NamedType,
    pub(super) handle: fn(Given) -> Answering,
}

impl Operation {
    /// One that only reads, and takes nothing but its address.
    pub(super) const fn get<T: Schema>(
        path: &'static str,
        id: &'static str,
        about: &'static str,
        handle: fn(Given) -> Answering,
    ) -> Self {
        Self {
            method: Method::Get,
            path,
            id,
            about,
            rights: &[],
            people: true,
            query: &[],
            body: None,
            lines: None,
            keyed: false,
            message: false,
            conflicts: false,
            answer: T::SCHEMA,
            handle,
        }
    }

    /// Whether it changes something.
    pub(super) fn changes(&self) -> bool {
        self.keyed || self.method != Method::Get
    }
}
