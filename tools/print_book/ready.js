// Makes the document ready for the press, for tools/print_book/press.py.
async () => {
  await document.fonts.ready;
  const pictures = [...document.images].filter((picture) => picture.offsetParent);
  const fails = (picture) => () => { throw new Error("no picture " + picture.src.slice(-80)); };
  for (const picture of pictures) picture.loading = "eager";
  await Promise.all(pictures.map((picture) => picture.decode().catch(fails(picture))));
  // The letters of a formula are drawn by its style; as text they can be read aloud and copied.
  for (const letter of document.querySelectorAll("mjx-c")) {
    const drawn = getComputedStyle(letter, "::before");
    const text = document.createElement("span");
    text.textContent = JSON.parse(drawn.content);
    text.style.cssText = `display: block; width: 0; padding: ${drawn.padding}`;
    letter.append(text);
    letter.classList.add("as-text");
  }
}
