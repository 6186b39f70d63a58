// Quizzes: a reply to each checked answer, remembered in this browser only. Masks hide replies from a glance, no more.
(() => {
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* a private window keeps nothing */ } };

  // The keystream of book/sphinxext/pages/quiz.py: FNV-1a of the seed starts xorshift32.
  const unmasked = (text, seed) => {
    let state = 2166136261;
    for (const byte of new TextEncoder().encode(seed)) state = Math.imul(state ^ byte, 16777619) >>> 0;
    const mixed = Uint8Array.from(atob(text), (c) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return c.charCodeAt(0) ^ (state & 255);
    });
    return new TextDecoder().decode(mixed);
  };

  const count = (page) => {
    const all = [...page.querySelectorAll("fieldset.quiz")], answered = all.filter((quiz) => quiz.dataset.verdict);
    const right = all.filter((quiz) => quiz.dataset.verdict === "right").length;
    page.querySelector(".quiz-score").textContent = answered.length ? `${right} of ${all.length} right.` : "";
  };

  const reply = (quiz, choice) => {
    const text = unmasked(choice.dataset.reply, `${quiz.dataset.key}:${choice.value}`), right = text[0] === "+";
    quiz.dataset.verdict = right ? "right" : "wrong";
    const verdict = document.createElement("strong");
    verdict.textContent = right ? "Right. " : "Not so. ";
    quiz.querySelector(".quiz-reply").replaceChildren(verdict, text.slice(1));
  };

  for (const page of document.querySelectorAll(".quizzes")) {
    for (const quiz of page.querySelectorAll("fieldset.quiz")) {
      const key = `resnet-course:quiz:${quiz.dataset.key}`, button = quiz.querySelector("button");
      const chosen = () => quiz.querySelector("input:checked");
      for (const choice of quiz.querySelectorAll("input")) {
        choice.checked = choice.value === stored(key);
        choice.addEventListener("change", () => {
          button.disabled = false;
          delete quiz.dataset.verdict;
          quiz.querySelector(".quiz-reply").replaceChildren();
          count(page);
        });
      }
      button.addEventListener("click", () => {
        store(key, chosen().value);
        reply(quiz, chosen());
        count(page);
      });
      button.disabled = !chosen();
      if (chosen()) reply(quiz, chosen());
    }
    count(page);
  }
})();
