//! News for a person's own sessions: messages that are marked for them, by themselves or by what the messages say, and
//! what they have written and not sent, or have scheduled.

use caffis_schema::{
    Event, UserId,
    drafts::{Draft, ThreadDraft},
    event::{Flag, Flagged},
    scheduled::ScheduledChange,
    threads::OwnThread,
};

use super::{
    encoded::Encoded, intake::publish, latest::LatestKey, news::News, people::People, views::Views,
    wire::Subject,
};

impl People {
    /// Takes in how a message is marked for a person, and tells their sessions on this node.
    pub(crate) fn tell_flagged(&self, user: &UserId, flagged: &Flagged) {
        if let (Flag::Hidden(_), true) = (&flagged.flag, flagged.on) {
            self.hidden().set(user, (flagged.room, flagged.position), flagged.number);
        }
        let sessions = self.sessions(user);
        if sessions.is_empty() {
            return;
        }
        let event = Encoded::event(Event::Flagged(flagged.clone()));
        sessions.iter().for_each(|session| session.outbound.notice(&event));
    }

    /// Tells a person's sessions on this node what they have written and not sent.
    pub(crate) fn tell_draft(&self, user: &UserId, draft: &Draft) {
        let event = Encoded::event(Event::Draft(draft.clone()));
        for session in self.sessions(user) {
            session.outbound.latest(LatestKey::Draft(draft.room), &event);
        }
    }

    /// Tells a person's sessions on this node what they have written in a thread and not sent.
    pub(crate) fn tell_thread_draft(&self, user: &UserId, draft: &ThreadDraft) {
        let sessions = self.sessions(user);
        if sessions.is_empty() {
            return;
        }
        let event = Encoded::event(Event::ThreadDraft(draft.clone()));
        for session in sessions {
            session.outbound.latest(LatestKey::ThreadDraft(draft.room, draft.root), &event);
        }
    }

    /// Tells a person's sessions on this node that they follow a thread, or no longer, or how far they have read it.
    pub(crate) fn tell_thread(&self, user: &UserId, own: &OwnThread) {
        let sessions = self.sessions(user);
        if sessions.is_empty() {
            return;
        }
        let event = Encoded::event(Event::Thread(*own));
        sessions.iter().for_each(|session| session.outbound.notice(&event));
    }

    /// Tells a person's sessions on this node what became of a message that they scheduled.
    pub(crate) fn tell_scheduled(&self, user: &UserId, change: &ScheduledChange) {
        let sessions = self.sessions(user);
        if sessions.is_empty() {
            return;
        }
        let event = Encoded::event(Event::Scheduled(change.clone()));
        for session in sessions {
            session.outbound.latest(LatestKey::Scheduled(change.room, change.id), &event);
        }
    }
}

impl Views {
    /// Tells the other nodes of a thread that a person follows.
    pub(crate) fn publish_thread(&self, user: &UserId, own: &OwnThread) {
        if let Some(follows) = &self.follows {
            let news = News::Thread(user.clone(), *own);
            publish(follows.wire(), &Subject::Person(user.clone()), &news);
        }
    }

    /// Tells the other nodes what became of a message that a person scheduled.
    pub(crate) fn publish_scheduled(&self, user: &UserId, change: &ScheduledChange) {
        if let Some(follows) = &self.follows {
            let news = News::Scheduled(user.clone(), change.clone());
            publish(follows.wire(), &Subject::Person(user.clone()), &news);
        }
    }

    /// Tells the other nodes what a person has written and not sent.
    pub(crate) fn publish_draft(&self, user: &UserId, draft: &Draft) {
        if let Some(follows) = &self.follows {
            let news = News::Draft(user.clone(), draft.clone());
            publish(follows.wire(), &Subject::Person(user.clone()), &news);
        }
    }

    /// Tells the other nodes what a person has written in a thread and not sent.
    pub(crate) fn publish_thread_draft(&self, user: &UserId, draft: &ThreadDraft) {
        if let Some(follows) = &self.follows {
            let news = News::ThreadDraft(user.clone(), draft.clone());
            publish(follows.wire(), &Subject::Person(user.clone()), &news);
        }
    }

    /// Tells the other nodes how a message is marked for a person.
    pub(crate) fn publish_flagged(&self, user: &UserId, flagged: &Flagged) {
        if let Some(follows) = &self.follows {
            let news = News::Flagged(user.clone(), flagged.clone());
            publish(follows.wire(), &Subject::Person(user.clone()), &news);
        }
    }
}
