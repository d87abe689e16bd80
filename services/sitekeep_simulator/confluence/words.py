"""Words that made-up pages consist of, in several languages and scripts."""

from __future__ import annotations

import random

SUBJECTS = (
    *("Deployment", "Onboarding", "Retrospective", "Runbook", "Roadmap", "Architecture", "Budget"),
    *("Incident review", "Release notes", "Meeting notes", "Style guide", "Travel policy"),
    *("Übergabe", "Größenordnung", "Été 2024 : bilan", "Señal de alarma", "設計メモ", "会議録"),
    *("Заметки", "ملاحظات", "Łódź – biuro", "Naïve Bayes", "Q&A", "R&D <draft>", "C++ / C#"),
    *("50% off?", "🚀 Launch", 'The "big" rewrite', "a+b=c", "日本語のページ", "한국어 문서"),
)
TOPICS = (
    *("billing", "search", "login", "storage", "mobile app", "data centre", "customer portal"),
    *("payroll", "office move", "API gateway", "Kassenbuch", "événements", "倉庫", "Интеграция"),
)
SENTENCES = (
    "The service restarts on its own after a failed health check.",
    "Ask the team before you change this setting.",
    "Every request carries an identifier that the logs repeat.",
    "We agreed to move the review to the second week of the month.",
    "Die Umlaute in diesem Satz müssen jede Sicherung überstehen.",
    "Le café est offert à l’étage, près de l’entrée.",
    "この段落は、文字コードの扱いを確かめるためにある。",
    "Values below 5 &lt; 10 &amp; above 3 are fine&nbsp;– mostly.",
    "The numbers of the last quarter are not final yet.",
    "Nobody remembers why the port is 8443, but it is.",
    "See the table below for the owners of each part.",
    "Rollback takes four minutes if the cache is warm.",
    "Это предложение проверяет кириллицу.",
    "The old wiki had a page about this; it was never moved.",
)
REPLIES = (
    "Thanks, that helps.",
    "Are you sure? It did not work for me.",
    "Fixed in the next version &#8212; please check.",
    "Ich kümmere mich morgen darum.",
    "了解しました。",
    "+1",
    "I disagree: see the numbers above.",
)
LABELS = (
    *("how-to", "meeting-notes", "decision", "draft", "q3-2024", "outdated", "überblick"),
    *("設計", "kb-article", "team-blue", "needs-review", "retrospective"),
)
FILE_NAMES = (
    *(
        "diagram.png",
        "notes.txt",
        "Übersicht 2024 (final).csv",
        "設計図 v2.png",
        "a & b's plan.txt",
    ),
    *("100% sure+maybe.csv", "report;v1,final.txt", "no-extension", "[draft] list #3.csv"),
    *("très long nom de fichier avec des espaces et des accents éèà.txt", "data.bin", "😀.txt"),
)
NAMES = (
    *(("Anna", "Schmidt"), ("Bao", "Nguyễn"), ("Chloé", "Dubois"), ("Dmitri", "Ivanov")),
    *(("Emeka", "Okafor"), ("Fumiko", "佐藤"), ("Gül", "Yılmaz"), ("Hannah", "O’Brien")),
    *(("Ines", "Muñoz"), ("Jørgen", "Ås"), ("Katarzyna", "Łęcka"), ("Liam", "Smith")),
)


def title(rng: random.Random, number: int) -> str:
    """A title that no other number has."""
    return f"{rng.choice(SUBJECTS)}: {rng.choice(TOPICS)} {number}"


def paragraph(rng: random.Random, sentences: int) -> str:
    """Sentences in a row, as XHTML text."""
    return " ".join(rng.choice(SENTENCES) for _ in range(sentences))
