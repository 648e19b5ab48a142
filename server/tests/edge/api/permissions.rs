//! Each cell of the table of permissions but those of public rooms, tried over REST.

use caffis_core::model::authorise::table::{Permission, Place, RULES, Verdict};
use caffis_schema::room::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answered, Api, Caller, fresh_uuid};
use crate::common::Setup;

fn word(role: Role) -> Value {
    serde_json::to_value(role).unwrap()
}

/// Tries something that the table names, as somebody in a room.
async fn attempt(
    (keeper, actor): (&Caller<'_>, &Caller<'_>),
    room: &str,
    (permission, place): (Permission, Place),
    (theirs, own): (&[u64], &[u64]),
) -> Answered {
    let rooms = |rest: &str| format!("/api/chat/rooms/{room}{rest}");
    let of = |position: u64, rest: &str| rooms(&format!("/messages/{position}{rest}"));
    let words = json!({"body": {"text": {"text": "otherwise"}}});
    let change =
        async |method, path: String, body| actor.change(method, &path, &fresh_uuid(), body).await;
    let (put, post, delete) = (Method::PUT, Method::POST, Method::DELETE);
    match permission {
        Permission::Read => actor.get(&rooms("/entries")).await,
        Permission::Write => actor.say(room, "ciao").await,
        Permission::React => change(put, of(theirs[0], "/reactions/%F0%9F%91%8D"), None).await,
        Permission::Vote => {
            change(put, of(theirs[3], "/vote"), Some(json!({"choices": [0]}))).await
        }
        Permission::EditOwn => change(put, of(own[0], ""), Some(words)).await,
        Permission::DeleteOwn => change(delete, of(own[1], ""), None).await,
        Permission::Report => actor.put(&of(theirs[0], "/report"), json!({"reason": "spam"})).await,
        Permission::KeepMarkers => {
            actor.send(put, &of(theirs[0], "/thread/follow"), |request| request).await
        }
        Permission::Pin => change(put, of(theirs[0], "/pin"), None).await,
        Permission::DeleteAny => change(delete, of(theirs[1], ""), None).await,
        Permission::SeeRevisions => actor.get(&of(theirs[2], "/revisions")).await,
        Permission::WriteAnyway => {
            let path = rooms("/settings");
            let set = keeper.do_once(Method::PUT, &path, json!({"announcements": true})).await;
            if place == Place::Direct {
                return set;
            }
            set.ok();
            let found = actor.say(room, "ciao").await;
            keeper.do_once(Method::PUT, &path, json!({"announcements": false})).await.ok();
            found
        }
        Permission::MentionRoom => {
            let extras = json!([{"mentions": {"users": [], "room": true}}]);
            let body = json!({"body": {"text": {"text": "tutti"}}, "extras": extras});
            change(post, rooms("/messages"), Some(body)).await
        }
        Permission::InviteByLink => {
            let secret = fresh_uuid().replace('-', "");
            change(post, rooms("/invites"), Some(json!({"secret": secret}))).await
        }
        Permission::ChangeSettings => {
            change(put, rooms("/settings"), Some(json!({"slow_mode_seconds": 0}))).await
        }
        Permission::ChangeInfo => {
            change(put, rooms("/info"), Some(json!({"description": "Who has a table?"}))).await
        }
        Permission::RemoveMembers => {
            let target = if place == Place::Direct { "giulia" } else { "aiko" };
            change(delete, rooms(&format!("/members/{target}")), None).await
        }
        Permission::AddMembers => {
            change(post, rooms("/members"), Some(json!({"users": ["luca"]}))).await
        }
        Permission::SetRoles => {
            let role = json!({"role": "moderator"});
            change(put, rooms("/members/sofia/role"), Some(role)).await
        }
        Permission::MakeOwners => {
            change(put, rooms("/members/sofia/role"), Some(json!({"role": "owner"}))).await
        }
        Permission::Transfer => change(put, rooms("/owner"), Some(json!({"user": "sofia"}))).await,
        Permission::Leave => change(post, rooms("/leave"), None).await,
    }
}

/// A room in which marco has a role, giulia wrote messages, and aiko is a guest; with the messages of both. The last one
/// of hers is a poll.
async fn scene(
    (service, keeper, actor): (&Caller<'_>, &Caller<'_>, &Caller<'_>),
    place: Place,
    role: Role,
) -> (String, Vec<u64>, Vec<u64>) {
    let others = ["marco", "aiko", "sofia"];
    let made = match place {
        Place::Group => {
            let group = json!({"name": "Table", "members": others});
            keeper.do_once(Method::POST, "/api/chat/groups", group).await.ok()
        }
        Place::Evidence => {
            let members: Vec<_> = others.into_iter().chain(["giulia"]).collect();
            let path = format!("/api/chat/contexts/booking/{}", fresh_uuid());
            service.put(&path, json!({"class": "evidence", "members": members})).await.ok()
        }
        Place::Direct => {
            keeper.send(Method::PUT, "/api/chat/direct/marco", |request| request).await.ok()
        }
        Place::Public => unreachable!("people walk into such rooms over connections"),
    };
    let room = made["room"].as_str().unwrap().to_owned();
    let give = async |by: &Caller<'_>, name: &str, role: Role| {
        let path = format!("/api/chat/rooms/{room}/members/{name}/role");
        by.do_once(Method::PUT, &path, json!({"role": word(role)})).await.ok();
    };
    if place == Place::Evidence {
        give(service, "giulia", Role::Owner).await;
    }
    let poll = json!({"body": {"poll": {"question": "?", "options": ["a", "b"]}}});
    let path = format!("/api/chat/rooms/{room}/messages");
    let asked = keeper.do_once(Method::POST, &path, poll).await.ok();
    let (mut theirs, mut own) = (Vec::new(), Vec::new());
    for number in 0..5 {
        let (by, positions) = if number < 3 { (keeper, &mut theirs) } else { (actor, &mut own) };
        let said = by.say(&room, "ciao").await.ok();
        positions.push(said["position"].as_u64().unwrap());
    }
    theirs.push(asked["position"].as_u64().unwrap());
    if place != Place::Direct {
        give(keeper, "aiko", Role::Guest).await;
        give(keeper, "marco", role).await;
    }
    (room, theirs, own)
}

#[tokio::test]
async fn each_cell_of_the_table_is_as_it_says() {
    let rates = ["--messages-per-second", "100000", "--commands-per-second", "100000"];
    let server = Setup::dev().flags(&rates).start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "bookings", "rooms,members").await;
    let (keeper, actor) = (api.person("giulia"), api.person("marco"));
    for name in ["marco", "aiko", "sofia", "luca"] {
        api.person(name).get("/api/chat/rooms").await.ok();
    }
    let mut scenes = vec![(Place::Direct, Role::Member)];
    for role in Role::ALL {
        scenes.extend([(Place::Group, role), (Place::Evidence, role)]);
    }
    for (place, role) in scenes {
        let (room, theirs, own) = scene((&service, &keeper, &actor), place, role).await;
        // In the order of the table: what takes the actor's role or place comes last.
        for rule in RULES {
            let people = (&keeper, &actor);
            let found = attempt(people, &room, (rule.permission, place), (&theirs, &own)).await;
            let tried = format!("{}: {role:?} in {place:?}", rule.name);
            match rule.verdict(place, Some(role)) {
                Verdict::Allowed => drop(found.ok()),
                Verdict::Forbidden => {
                    let expected = match rule.permission {
                        Permission::WriteAnyway if role != Role::Guest => "read_only",
                        _ => "forbidden",
                    };
                    assert_eq!(found.error(), (403, expected), "{tried}");
                }
                Verdict::NotHere => assert_eq!(found.error().1, "room_class", "{tried}"),
            }
        }
    }
}
