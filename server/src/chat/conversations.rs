//! The list of conversations, and the one that is open.

use caffis_schema::{
    Position, RoomId,
    reply::{EntryPage, MemberPage, Opened},
    room::RoomSummary,
};

use super::{
    screen::{availability, title},
    talk::{Chat, Done, PAGE},
};

/// Conversations that are kept in the list.
const ROOMS: usize = 1_000;

impl Chat {
    pub(super) fn show_rooms(&self) {
        if self.rooms.is_empty() {
            self.screen.say("no conversations yet: /direct USER begins one");
        }
        for (index, room) in self.rooms.iter().enumerate() {
            self.screen.room(index + 1, room);
        }
        self.screen.plain("listed", &[&self.rooms.len().to_string()]);
    }

    /// Opens a room by its number in the list, its id or its title.
    pub(super) fn open_named(&mut self, wanted: &str) {
        let by_number = wanted
            .parse::<usize>()
            .ok()
            .and_then(|number| self.rooms.get(number.checked_sub(1)?))
            .map(|room| room.room);
        let found = by_number
            .or_else(|| wanted.parse().ok())
            .or_else(|| self.rooms.iter().find(|room| title(room) == wanted).map(|room| room.room));
        match found {
            Some(room) => self.open(room),
            None => self.failed("there is no such conversation: /rooms lists them"),
        }
    }

    pub(super) fn open(&mut self, room: RoomId) {
        let client = self.client.clone();
        let before = self.room.replace(room).filter(|before| *before != room);
        self.call(async move {
            if let Some(before) = before {
                // The new one is opened even if that fails.
                let _ = client.close(before).await;
            }
            Done::Opened(client.open(room, PAGE).await)
        });
    }

    pub(super) fn opened(&mut self, opened: &Opened) {
        let room = opened.room.room;
        self.remember(opened.room.clone());
        if self.room != Some(room) {
            return;
        }
        self.oldest = Position(0);
        let title = title(&opened.room);
        let head = opened.page.head.to_string();
        let members = opened.room.members;
        let people = format!("── {title} · {members} members · {} here ──", opened.attendance);
        self.screen.line("opened", &[&room.to_string(), &head, &title], &people);
        self.page(&opened.page);
        if opened.room.number > opened.room.read {
            self.mark_read(room, opened.room.number);
        }
        let client = self.client.clone();
        // Names for the lines that follow; without them, ids are shown.
        self.call(async move {
            client
                .members(room, None, 100)
                .await
                .map_or(Done::Quiet, |page| Done::Members(Ok(page), false))
        });
    }

    /// A page of history; the first one of a room, or an earlier one.
    pub(super) fn page(&mut self, page: &EntryPage) {
        let Some(room) = self.room else { return };
        for entry in &page.entries {
            self.screen.entry(&room.to_string(), entry, |user| self.name(user));
        }
        if let Some(first) = page.entries.first() {
            self.oldest = first.position;
        }
        let more = if page.more_before { "more" } else { "all" };
        self.screen.plain("page", &[&room.to_string(), &page.entries.len().to_string(), more]);
        if page.more_before {
            self.screen.say("  (/history shows what was before)");
        }
    }

    pub(super) fn members(&mut self, page: &MemberPage, shown: bool) {
        for member in &page.members {
            let profile = &member.profile;
            self.names.insert(profile.user.to_string(), profile.name.to_string());
            if shown {
                let state = member.presence.as_ref().map_or("", |p| availability(p.availability));
                let role = format!("{:?}", member.role).to_lowercase();
                let people = format!("  {} ({role}) {state}", profile.name);
                self.screen.line("member", &[profile.user.as_str(), &role, state], &people);
            }
        }
    }

    pub(super) fn gone(&mut self, room: RoomId) {
        self.rooms.retain(|kept| kept.room != room);
        if self.room == Some(room) {
            self.room = None;
        }
        let people = "★ a conversation is not yours any more";
        self.screen.line("gone", &[&room.to_string()], people);
    }

    pub(super) fn remember(&mut self, room: RoomSummary) {
        if let Some(peer) = &room.peer {
            self.names.insert(peer.user.to_string(), peer.name.to_string());
        }
        let full = self.rooms.len() >= ROOMS;
        match self.rooms.iter_mut().find(|kept| kept.room == room.room) {
            Some(kept) => *kept = room,
            None if full => {}
            None => self.rooms.insert(0, room),
        }
    }

    /// What a person is called here.
    pub(super) fn name(&self, user: &str) -> String {
        self.names.get(user).cloned().unwrap_or_else(|| user.to_owned())
    }
}
