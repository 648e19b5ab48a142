//! The REST API, as services and people use it. Every answer is held against the OpenAPI document: its status
//! is one of those that the operation names, and its body is what they say.

mod bad;
mod docs;
mod document;
mod imports;
mod invites;
mod keys;
mod marks;
mod me;
mod once;
mod people;
mod permissions;
mod places;
mod polls;
mod scheduled;
mod search;
mod services;
mod threads;

use std::collections::BTreeSet;

use boon::{Compiler, Schemas};
use caffis_chat::system::SystemClock;
use caffis_core::ports::{clock::Clock, entropy};
use caffis_schema::catalogue::{UNKNOWN_STATUS, all};
use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::{Value, json};

use crate::common::{Finished, Server, http, run, token_of, with_json};

/// An answer that was held against the document.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answered {
    /// The word for programs, of an error.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// What a success says.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    /// Status and code of an error.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, &str) {
        assert_ne!(self.status, 200, "{self:?}");
        (self.status, self.code())
    }
}

/// A server's API, with its document.
pub(crate) struct Api {
    base: String,
    document: Value,
    client: reqwest::Client,
}

impl Api {
    pub(crate) async fn of(server: &Server) -> Self {
        let (status, document) = server.get("/api/chat/openapi.json").await;
        assert_eq!(status, 200);
        Self {
            base: server.url(""),
            document: serde_json::from_str(&document).unwrap(),
            client: http(),
        }
    }

    /// Somebody who calls it.
    pub(crate) fn by(&self, bearer: &str) -> Caller<'_> {
        Caller { api: self, bearer: bearer.to_owned() }
    }

    /// A person who calls it.
    pub(crate) fn person(&self, name: &str) -> Caller<'_> {
        self.by(&token_of(name))
    }

    /// A service with a new key.
    pub(crate) async fn service(&self, server: &Server, name: &str, scope: &str) -> Caller<'_> {
        self.by(&create_key(server, name, scope).await)
    }

    /// The operation of a request.
    fn operation(&self, method: &Method, path: &str) -> &Value {
        let path = path.split('?').next().unwrap();
        let parts: Vec<_> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<_> = template.split('/').collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(t, p)| t.starts_with('{') || t == p)
        };
        // Plain paths count before those with a part that may be anything.
        let paths = self.document["paths"].as_object().unwrap();
        let plain = paths.iter().find(|(template, _)| *template == path);
        let found = plain.or_else(|| paths.iter().find(|(template, _)| fits(template)));
        let (_, methods) = found.unwrap_or_else(|| panic!("{path} is not in the document"));
        &methods[method.as_str().to_lowercase()]
    }

    /// Holds an answer against the document.
    async fn checked(&self, method: &Method, path: &str, answer: Response) -> Answered {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let answered = Answered { status, headers, body };
        let operation = self.operation(method, path);
        let described = &operation["responses"][status.to_string()];
        assert!(described.is_object(), "{method} {path} does not name {answered:?}");
        let content = described["content"].as_object().unwrap();
        let (kind, content) = content.iter().next().unwrap();
        assert_eq!(answered.headers["content-type"], kind.as_str());
        self.valid(&content["schema"], &answered.body);
        if status >= 400 {
            let code = answered.code();
            assert_eq!(answered.body["type"], format!("/api/chat/errors#{code}"));
            let known = all().any(|known| known.code == code && known.statuses.contains(&status));
            assert!(known || status == UNKNOWN_STATUS, "{status} {code} is not in the catalogue");
        }
        let waits = answered.headers.contains_key("retry-after");
        assert_eq!(waits, answered.body["retry_after_ms"].is_u64(), "{answered:?}");
        if status == 401 {
            assert!(answered.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        } else if status != 503 && status != 429 {
            assert!(answered.headers.contains_key("ratelimit"), "{answered:?}");
            assert!(answered.headers.contains_key("ratelimit-policy"), "{answered:?}");
        }
        answered
    }

    /// Holds a value against a schema of the document.
    #[track_caller]
    fn valid(&self, schema: &Value, value: &Value) {
        let mut whole = schema.clone();
        whole["components"] = self.document["components"].clone();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("urn:answer", whole).unwrap();
        let compiled = compiler.compile("urn:answer", &mut schemas).unwrap();
        if let Err(error) = schemas.validate(value, compiled) {
            panic!("{value} is not what the document says: {error:#}");
        }
    }
}

/// Somebody who calls the API.
pub(crate) struct Caller<'a> {
    api: &'a Api,
    bearer: String,
}

impl Caller<'_> {
    fn request(&self, method: &Method, path: &str) -> RequestBuilder {
        let request = self.api.client.request(method.clone(), format!("{}{path}", self.api.base));
        request.bearer_auth(&self.bearer)
    }

    /// Sends a request that somebody has put together.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answered {
        let answer = build(self.request(&method, path)).send().await.unwrap();
        self.api.checked(&method, path, answer).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send(Method::GET, path, |request| request).await
    }

    /// Status, headers and body of a request for what the caller has already.
    pub(crate) async fn get_known(&self, path: &str, known: &str) -> (u16, HeaderMap, String) {
        let request = self.request(&Method::GET, path).header("if-none-match", known);
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap())
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answered {
        self.send(Method::PUT, path, |request| with_json(request, &body)).await
    }

    /// A body without a key.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answered {
        self.send(Method::POST, path, |request| with_json(request, &body)).await
    }

    /// A change, with its key.
    pub(crate) async fn change(
        &self,
        method: Method,
        path: &str,
        key: &str,
        body: Option<Value>,
    ) -> Answered {
        self.send(method, path, |request| {
            let request = request.header("idempotency-key", key);
            match body {
                Some(body) => with_json(request, &body),
                None => request,
            }
        })
        .await
    }

    /// A change with a new key.
    pub(crate) async fn do_once(&self, method: Method, path: &str, body: Value) -> Answered {
        self.change(method, path, &fresh_uuid(), Some(body)).await
    }

    /// Says something in a room.
    pub(crate) async fn say(&self, room: &str, text: &str) -> Answered {
        let path = format!("/api/chat/rooms/{room}/messages");
        self.do_once(Method::POST, &path, json!({"body": {"text": {"text": text}}})).await
    }
}

/// A notice.
pub(crate) fn notice(text: &str) -> Value {
    json!({"body": {"system": {"notice": {"text": text}}}})
}

/// A UUID of version 7.
pub(crate) fn fresh_uuid() -> String {
    let random: [u8; 16] = entropy::bytes(&caffis_chat::system::SystemEntropy::default());
    let random = u128::from_be_bytes(random);
    let time = u128::from(SystemClock.now().get()) << 80;
    let id = time | 7 << 76 | (random >> 52 & 0xfff) << 64 | 2 << 62 | random & ((1 << 62) - 1);
    format!("{id:032x}")
}

/// Runs `caffis-chat keys` for a server.
pub(crate) async fn keys(server: &Server, arguments: &[&str]) -> Finished {
    let data = server.setup.data();
    run(&[&["keys"], arguments, &["--data", data.to_str().unwrap()]].concat()).await
}

/// Makes a key; gives its text.
pub(crate) async fn create_key(server: &Server, name: &str, scope: &str) -> String {
    let made = keys(server, &["create", "--name", name, "--scope", scope]).await;
    made.worked().trim().to_owned()
}

/// The room of a context, which a service has made.
pub(crate) async fn made_room(by: &Caller<'_>, kind: &str, id: &str, members: &[&str]) -> String {
    let path = format!("/api/chat/contexts/{kind}/{id}");
    let room = by.put(&path, json!({"class": "social", "members": members})).await.ok();
    room["room"].as_str().unwrap().to_owned()
}

/// The conversation of giulia and marco.
pub(crate) async fn room_of_two(api: &Api) -> String {
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    // The server knows whoever has asked it something.
    marco.get("/api/chat/rooms").await.ok();
    let direct = giulia.send(Method::PUT, "/api/chat/direct/marco", |request| request).await.ok();
    direct["room"].as_str().unwrap().to_owned()
}

/// All texts and notices of a room's last page.
pub(crate) fn texts(page: &Value) -> Vec<String> {
    let entries = page["entries"].as_array().unwrap().iter();
    let text = |entry: &Value| {
        let body = &entry["kind"]["message"]["body"];
        let text = body["text"]["text"].as_str().or(body["system"]["notice"]["text"].as_str());
        text.map(str::to_owned)
    };
    entries.filter_map(text).collect()
}

/// Names that must be different.
pub(crate) fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    names.into_iter().all(|name| seen.insert(name.to_owned()))
}
