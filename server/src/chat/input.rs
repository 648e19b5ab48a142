//! What a line of the keyboard means.

use caffis_schema::UserId;

/// One line, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Say this in the open room.
    Say(String),
    /// List the rooms.
    Rooms,
    /// Open a room, by its number in the list or its id.
    Open(String),
    /// Close the open room.
    Close,
    /// Who is in the open room.
    Who,
    /// Earlier messages of the open room.
    History,
    /// Open the conversation with a person.
    Direct(UserId),
    /// Make a group: a name and its people.
    Group(String, Vec<UserId>),
    /// Walk into a cafe's room.
    Cafe(String),
    /// Tell the others that one is typing.
    Typing,
    /// Explain the commands.
    Help,
    /// The end.
    Quit,
    /// Nothing was said.
    Nothing,
    /// A command that does not exist, or lacks something: what to write instead.
    Wrong(&'static str),
}

pub(super) const HELP: &str = "\
/rooms              list your conversations
/open N             open one, by its number or id
/direct USER        open the conversation with a person
/group NAME USER…   make a group
/cafe NAME          walk into a cafe's room
/who                who is here
/history            earlier messages
/typing             tell the others that you are typing
/close              close the conversation
/quit               leave
Anything else is sent to the open conversation (// sends a line that begins with /).";

/// Understands a line.
pub(super) fn parse(line: &str) -> Input {
    let line = line.trim_end_matches(['\r', '\n']);
    if line.trim().is_empty() {
        return Input::Nothing;
    }
    let Some(command) = line.strip_prefix('/') else { return Input::Say(line.to_owned()) };
    if command.starts_with('/') {
        return Input::Say(command.to_owned());
    }
    let mut words = command.split_whitespace();
    let name = words.next().unwrap_or_default();
    let mut word = || words.next();
    match name {
        "rooms" | "r" => Input::Rooms,
        "open" | "o" => word().map_or(Input::Wrong("/open N"), |room| Input::Open(room.to_owned())),
        "close" => Input::Close,
        "who" | "w" => Input::Who,
        "history" | "h" => Input::History,
        "direct" | "d" => match word().map(UserId::new) {
            Some(Ok(user)) => Input::Direct(user),
            _ => Input::Wrong("/direct USER"),
        },
        "group" | "g" => {
            let Some(name) = word().map(str::to_owned) else {
                return Input::Wrong("/group NAME USER…");
            };
            match words.map(UserId::new).collect() {
                Ok(users) => Input::Group(name, users),
                Err(_) => Input::Wrong("/group NAME USER…"),
            }
        }
        "cafe" | "c" => {
            word().map_or(Input::Wrong("/cafe NAME"), |cafe| Input::Cafe(cafe.to_owned()))
        }
        "typing" | "t" => Input::Typing,
        "help" | "?" => Input::Help,
        "quit" | "q" | "exit" => Input::Quit,
        _ => Input::Wrong("there is no such command: /help lists them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let say = |text: &str| Input::Say(text.to_owned());
        let user = |name: &str| UserId::new(name).unwrap();
        for (line, input) in [
            ("ciao a tutti\n", say("ciao a tutti")),
            ("//shrug", say("/shrug")),
            ("   ", Input::Nothing),
            ("/rooms", Input::Rooms),
            ("/open 2", Input::Open("2".to_owned())),
            ("/open", Input::Wrong("/open N")),
            ("/direct marco", Input::Direct(user("marco"))),
            ("/direct", Input::Wrong("/direct USER")),
            (
                "/group aperitivo marco lucia",
                Input::Group("aperitivo".to_owned(), vec![user("marco"), user("lucia")]),
            ),
            ("/quit", Input::Quit),
            ("/dance", Input::Wrong("there is no such command: /help lists them")),
        ] {
            assert_eq!(parse(line), input, "{line}");
        }
    }
}
