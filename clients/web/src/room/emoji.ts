/** The emoji that are offered. Any other can be typed. */

/** For a reaction with one press. */
export const QUICK = ["👍", "❤️", "😂", "😮", "😢", "☕"] as const;

/** The larger choice. */
export const CHOICE: readonly string[] = [
  ..."😀😄😁😅🤣🙂😉😊😍🥰😘😋😎🤓🤩🥳😏😌😴🤤🤔🤨😐🙄😬😳🥺😭😤😡🤯😱🤗🤭🤫🫡",
  ..."👏🙌🙏💪👌🤝👀👋🤞🫶👎",
  ..."🧡💛💚💙💜🖤🤍💔",
  ..."🔥🎉✨💯🚀🌈🍀🌻🌙",
  ..."🥐🍰🍪🍩🍕🍷🍻🥂🫖🫘",
];
