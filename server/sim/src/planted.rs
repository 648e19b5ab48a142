//! Bugs planted on purpose, which the simulation has to find. They sit around the product and not in it:
//! in a store, a clock, a link or a device that does to the product what the bug would.

use clap::ValueEnum;

/// A bug planted on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Planted {
    /// An append is answered before it is durable; when the process dies soon after, it is lost.
    AcknowledgesEarly,
    /// An append is told before its entries can be read.
    TellsEarly,
    /// What became of commands is not looked up: the store has nothing in `sent`.
    ForgetsSent,
    /// What is known to be over by the clock is taken for held: a process that stood still for longer
    /// than its lease acknowledges what it wrote before.
    OutlivesLease,
    /// Buckets are named by their number alone: an old epoch's entry counts in the new one's bucket.
    SharesBuckets,
    /// A new owner does not write the end of the log again.
    LeavesTail,
    /// The rows of messages stay as they were when these are edited or deleted.
    KeepsWords,
    /// The rows of a new member are written before the entry, and stay when the entry is void.
    KeepsVoidMembers,
    /// Somebody who was removed still hears of the room.
    HearsAfterRemoval,
    /// Markers do not reach the store.
    LosesMarkers,
    /// A new owner does not know how people write in a room, and lets everybody write.
    ForgetsSettings,
    /// What people choose in polls does not reach the store: who votes again counts twice.
    ForgetsVotes,
    /// A poll that is read from the store has no time at which it closes.
    ForgetsClosing,
    /// An owner that reads a room from the store takes every member for an admin.
    ForgetsRoles,
    /// Another message is forwarded than the one that was meant.
    ForwardsOthers,
    /// An owner that reads a room from the store does not know when links end.
    ForgetsExpiry,
    /// An owner that reads a room from the store does not know how many people have come by links.
    ForgetsUses,
    /// What was imported before is not looked up.
    ForgetsImports,
    /// That a room is muted does not reach the store.
    ForgetsMutes,
    /// Replies in threads make nobody follow them.
    LosesFollowers,
    /// People are not told of messages that mention them.
    LosesMentions,
    /// Nobody remembers who was removed from a group: they come back by links.
    ForgetsRemovals,
    /// Stars do not reach the store.
    ForgetsStars,
    /// Drafts of threads do not reach the store.
    ForgetsDrafts,
    /// Reports of messages do not reach the store.
    ForgetsReports,
    /// What is known of people, and what they say of themselves, does not reach the store.
    ForgetsPeople,
    /// What messages say does not reach the index of search.
    ForgetsWords,
    /// What is scheduled stays when it is cancelled.
    KeepsCancelled,
    /// Some entries are not shown, as by a client that ignores gaps.
    SkipsEntries,
    /// Some entries are shown twice.
    RepeatsEntries,
    /// Resumes never reach the server: gaps stay open, and nothing after them is shown.
    ResumesNothing,
    /// Nodes do not hear from each other who is connected.
    HidesPeople,
    /// Reactors do not hear of some rooms that were active.
    SkipsActivity,
    /// More waits for sessions than may.
    OverfillsQueues,
}
