# keyferrys Seiten auf Deutsch. Was in geschweiften Klammern steht, wird eingesetzt und darf im Satz wandern.

## Auf jeder Seite

page-error = Bitte prüfen: { $title }
languages = Sprache
steps = Schritte
step-review = Prüfen
step-sign-in = Bei { $app } anmelden
step-done = Fertig
next = Was Sie tun können
optional = (freiwillig)

## Die Seite hinter einem Verbindungslink

connect-title = { $app } verbinden
connect-again-title = { $app } neu verbinden
connect-receives = Programme von { $owner } können dann über dieses Gateway Ihr Konto bei { $app } benutzen.
connect-signs-in = Ihr Passwort und Ihre Tokens sehen sie nie.
connect-types-in = Was Sie hier eingeben, sehen sie nie.
connect-confirms = Danach muss { $owner } bestätigen, dass es das richtige Konto ist.
fact-owner = Erhält den Zugriff
fact-connection = Verbindung
fact-account = Konto
fact-account-before = Bisheriges Konto
fact-environment = Umgebung
ways = Wege, sich zu verbinden
way-sign-in = Anmelden
way-key = API-Schlüssel
way-password = Benutzername und Passwort
way-client = Client-Zugangsdaten
access = Angefragter Zugriff
access-said-there = { $app } zeigt auf der nächsten Seite, was diese Anmeldung erlaubt.
access-of-credentials = Alles, was diese Zugangsdaten bei { $app } dürfen.
access-all = Alle { $count }
find = Wo finde ich das?
find-many = Wo finde ich diese Angaben?
find-opens = (öffnet die Dokumentation von { $app } in einem neuen Tab)
continue = Weiter zu { $place }
check = Prüfen und verbinden
connect-stranger = Hat Ihnen jemand diesen Link geschickt? Fahren Sie nur fort, wenn { $owner } in Ihrem Konto bei { $app } handeln soll. Haben Sie ihn nicht erwartet, schließen Sie diese Seite: Es wurde nichts weitergegeben.
connect-kept = Was Sie verbinden, wird verschlüsselt gespeichert. { $owner } kann es jederzeit beenden.

## Was an einer Eingabe nicht stimmt

wrong-one = Bitte prüfen Sie „{ $label }“
wrong-missing = Bitte füllen Sie das aus.
wrong-form = Bitte schreiben Sie es wie { $example }
wrong-plain = Das hat nicht die Form, die { $app } verwendet. Prüfen Sie, ob Sie alles und nur das kopiert haben.
wrong-choice = Bitte wählen Sie eines davon aus.
wrong-address = Das führt zu einer Adresse, die dieses Gateway nicht aufrufen darf.
wrong-not-found = Zusammen mit Ihren übrigen Angaben kennt { $app } das nicht.
as-in = Zum Beispiel: { $example }
rejected = { $app } lehnt das ab. Prüfen Sie, ob Sie alles kopiert haben und ob es noch gültig ist.
rejected-many = { $app } lehnt diese Angaben ab. Prüfen Sie jede einzelne, und geben Sie Verborgenes neu ein.
not-ready = Dieses Gateway ist für { $app } noch nicht eingerichtet. Sagen Sie es der Person, die Ihnen den Link geschickt hat.
not-reached = { $app } war gerade nicht erreichbar. Warten Sie eine Minute und drücken Sie noch einmal auf die Schaltfläche; es wurde nichts gespeichert.

## Bezeichnungen, die viele Apps gemeinsam haben

label-api-key = API-Schlüssel
label-api-token = API-Token
label-access-token = Zugriffstoken
label-token = Token
label-secret-key = Geheimer Schlüssel
label-username = Benutzername
label-user-name = Benutzername
label-password = Passwort
label-email = E-Mail-Adresse
label-e-mail = E-Mail-Adresse
label-email-address = E-Mail-Adresse
label-client-id = Client-ID
label-client-secret = Client-Geheimnis
label-account-id = Konto-ID
label-subdomain = Subdomain
label-domain = Domain
label-region = Region
label-environment = Umgebung
label-workspace = Arbeitsbereich
label-site = Website

## Berechtigungen, die viele Apps gemeinsam haben

scope-openid = Wissen, dass Sie es sind
scope-email = Ihre E-Mail-Adresse sehen
scope-profile = Ihren Namen und Ihr Bild sehen
scope-offline_access = Auch in Ihrer Abwesenheit arbeiten, bis Sie es beenden

## Mehrere Konten oder Standorte: welches?

choose-title = Was soll verbunden werden?
choose-why = Ihre Anmeldung bei { $app } öffnet mehrere. { $owner } erhält Zugriff auf das, was Sie hier wählen.
choose-connect = Dies verbinden
choose-none = Nichts davon
choose-none-why = Hier ist dann Schluss; der eben erteilte Zugriff wird zurückgegeben.

## Auf dem Weg anderswohin

away-title = Weiter zu { $place }
away-what = Ihr Browser wird dorthin geführt.
away-go = Weiter, falls nichts geschieht
away-back = der Seite, von der Sie kamen
away-provider = dem Anbieter

## Es hat geklappt

done-title = { $app } ist verbunden
done-works = Programme von { $owner } können es ab jetzt benutzen.
done-waits-title = Noch ein Schritt: { $owner } bestätigt
done-waits = Sie haben sich bei { $app } angemeldet. Noch ist nichts nutzbar: Zuerst muss { $owner } bestätigen, dass es das richtige Konto ist.
done-waits-other = Das ist ein anderes Konto als bisher. Bis { $owner } bestätigt hat, dass das so gewollt ist, kann die Verbindung nicht benutzt werden.
done-how = So bestätigt { $owner }
done-how-what = In dem Werkzeug, das den Link erzeugt hat, oder mit diesem Aufruf an das Gateway:
done-granted = Erteilter Zugriff
done-missing = Angefragt, aber nicht erteilt
done-missing-what = Was das braucht, wird nicht funktionieren. Um es zu erteilen, bitten Sie { $owner } um einen neuen Link und erlauben Sie alles auf der Seite von { $app }.
done-unprobed = { $app } konnte nicht gefragt werden, wessen Konto es ist; der erste Aufruf wird zeigen, ob es funktioniert.
done-close = Sie können dieses Fenster schließen.
done-slip = Nicht das Konto, das Sie meinten? Bitten Sie { $owner }, die Verbindung zu löschen, und verbinden Sie dann das richtige.

## Es hat nicht geklappt

failed-title = { $app } wurde nicht verbunden
failed-said = Was { $app } antwortete
failed-again = Noch einmal versuchen
failed-reason = Grund:
failed-request = Vorgangsnummer, für alle, die helfen:
why-denied = { $app } sollte keinen Zugriff geben, deshalb wurde nichts verbunden.
todo-denied = Falls das ein Versehen war, versuchen Sie es noch einmal und erlauben Sie den Zugriff auf der Seite von { $app }.
why-wrongly-asked = { $app } nimmt nicht an, wie dieses Gateway um Zugriff bittet.
todo-wrongly-asked = Das können Sie nicht selbst beheben: Sagen Sie es der Person, die Ihnen den Link geschickt hat, und nennen Sie den Grund unten.
why-not-set-up = Dieses Gateway ist für { $app } nicht richtig eingerichtet, deshalb konnte die Anmeldung nicht beendet werden.
todo-not-set-up = Das können Sie nicht selbst beheben: Sagen Sie es der Person, die Ihnen den Link geschickt hat, und nennen Sie die Vorgangsnummer unten.
why-provider = { $app } hatte beim Anmelden selbst ein Problem.
todo-provider = Warten Sie eine Minute und versuchen Sie es noch einmal.
why-busy = { $app } wird im Moment zu oft gefragt.
todo-busy = Warten Sie ein paar Minuten und versuchen Sie es noch einmal.
why-refused = { $app } hat Sie angemeldet, dann aber abgelehnt, was es gerade erteilt hatte.
todo-refused = Prüfen Sie, ob Ihr Konto die API von { $app } benutzen darf, und versuchen Sie es dann noch einmal.
why-not-told = { $app } hat nicht gesagt, welches Ihrer Konten oder welcher Standort gemeint war.
todo-not-told = Versuchen Sie es noch einmal und wählen Sie eines aus, wenn danach gefragt wird.
why-not-allowed = { $app } nannte eine Adresse oder ein Konto von einer Art, die dieses Gateway nicht verbindet.
todo-not-allowed = Sagen Sie es der Person, die Ihnen den Link geschickt hat, und nennen Sie die Vorgangsnummer unten.
why-not-among = Was gewünscht war, ist nicht unter den Konten oder Standorten, die Ihre Anmeldung bei { $app } öffnet.
todo-not-among = Versuchen Sie es mit einem anderen Konto bei { $app }, oder fragen Sie die Person, die Ihnen den Link geschickt hat, wofür er gedacht ist.
why-expired = Die Anmeldung bei { $app } hat zu lange gedauert oder wurde schon benutzt.
todo-expired = Versuchen Sie es noch einmal; es dauert eine Minute.
why-signed-out = { $app } möchte, dass Sie sich zuerst anmelden oder etwas entscheiden.
todo-signed-out = Versuchen Sie es noch einmal und schließen Sie jeden Schritt auf der Seite von { $app } ab.
why-cancelled = Sie haben nichts ausgewählt; deshalb wurde nichts verbunden und der Zugriff zurückgegeben.
todo-cancelled = Falls das ein Versehen war, versuchen Sie es noch einmal.
why-other = Die Anmeldung bei { $app } hat nicht geklappt, deshalb wurde nichts verbunden.
todo-other = Versuchen Sie es noch einmal. Geschieht es wieder, sagen Sie es der Person, die Ihnen den Link geschickt hat, und nennen Sie den Grund unten.

## Links und Fenster, die nicht zu gebrauchen sind

gone-title = Dieser Link ist nicht mehr gültig
gone-what = Verbindungslinks gelten nur wenige Minuten und nur, bis das Konto verbunden ist. Dieser ist abgelaufen, wurde schon benutzt oder ist nicht vollständig.
gone-todo = Haben Sie Ihr Konto gerade verbunden, ist alles gut: Schließen Sie dieses Fenster. Sonst bitten Sie die Person, die Ihnen den Link geschickt hat, um einen neuen, und öffnen Sie ihn in einem Browser, der Cookies annimmt.
elsewhere-title = Diese Anmeldung lässt sich hier nicht beenden
elsewhere-what = Sie wurde in einem anderen Browser begonnen, hat zu lange gedauert oder ist schon beendet. Gerade eben wurde nichts verbunden.
elsewhere-todo = Haben Sie nach dem Verbinden auf „Zurück“ oder „Neu laden“ gedrückt, ist alles gut: Schließen Sie dieses Fenster. Sonst öffnen Sie den Verbindungslink noch einmal in diesem Browser und bleiben Sie im selben Fenster.
forged-title = Bitte öffnen Sie den Link noch einmal
forged-what = Zu Ihrer Sicherheit geht dieser Schritt nur in dem Browser und dem Fenster, in dem Sie den Link geöffnet haben.
forged-todo = Öffnen Sie den Verbindungslink noch einmal und drücken Sie dort auf die Schaltfläche. Diese Seite braucht dafür Cookies.

## Störungen

fault-title = Hier ist etwas nicht in Ordnung
fault-what = Das Gateway kann Ihren Link gerade nicht nachschlagen. Es wurde nichts geändert.
fault-todo = Warten Sie eine Minute und laden Sie diese Seite neu.
limit-title = Zu viele Anfragen
limit-what = Aus Ihrem Netz wurden mehr Seiten abgerufen, als diese Website auf einmal ausgibt.
limit-todo = Warten Sie eine Minute und laden Sie diese Seite neu.
closed-title = { $app } ist noch nicht eingerichtet
closed-what = Dieses Gateway ist bei { $app } nicht registriert und kann Sie deshalb nicht zum Anmelden dorthin schicken.
closed-todo = Sagen Sie es der Person, die Ihnen den Link geschickt hat. Sobald das Gateway eingerichtet ist, funktioniert ein solcher Link.
nowhere-title = Hier ist nichts
nowhere-what = Diese Adresse führt zu keiner Seite des Gateways.
nowhere-todo = Prüfen Sie, ob Sie den Link vollständig kopiert haben, und öffnen Sie ihn noch einmal.

## Die Startseite

home-title = Verbinden Sie Ihre Konten
home-heading = Das ist ein keyferry-Gateway
home-what = Hier öffnet man Verbindungslinks, damit Programme die eigenen Konten bei anderen Diensten benutzen können. Wer Sie gebeten hat, ein Konto zu verbinden, hat Ihnen so einen Link geschickt; öffnen Sie den.
home-programs = Für Programme
home-api = Hier antwortet auch die JSON-Schnittstelle zur Verwaltung, mit einem API-Schlüssel. { $document } beschreibt sie. Aufrufe von Apps gehen an { $gateway }.
