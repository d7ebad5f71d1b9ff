# keyferry's pages in English, the language every other file is held against: the same messages, each with the same
# { $values }. A message is plain text; what stands in braces is put in later and may move within the sentence.

## On every page

page-error = Please check: { $title }
languages = Language
steps = Steps
step-review = Review
step-sign-in = Sign in at { $app }
step-done = Done
next = What you can do
optional = (optional)

## The page behind a connect link

connect-title = Connect { $app }
connect-again-title = Reconnect { $app }
connect-receives = Programs of { $owner } will be able to use your { $app } account through this gateway.
connect-signs-in = They never see your password or tokens.
connect-types-in = They never see what you enter here.
connect-confirms = After that, { $owner } has to confirm that this is the right account.
fact-owner = Receives the access
fact-connection = Connection
fact-account = Account
fact-account-before = Account until now
fact-environment = Environment
ways = Ways to connect
way-sign-in = Sign in
way-key = API key
way-password = User name and password
way-client = Client credentials
access = Access asked for
access-said-there = { $app } shows on the next page what this sign-in allows.
access-of-credentials = Whatever these credentials may do at { $app }.
access-all = All { $count }
find = Where do I find this?
find-many = Where do I find these?
find-opens = (opens { $app }’s documentation in a new tab)
continue = Continue to { $place }
check = Check and connect
connect-stranger = Did somebody send you this link? Continue only if you want { $owner } to act in your { $app } account. If you didn’t expect it, close this page: nothing has been shared.
connect-kept = What you connect is stored encrypted. { $owner } can end it at any time.

## What is wrong with an input

wrong-one = Please check “{ $label }”
wrong-missing = Please fill this in.
wrong-form = Please write it like { $example }
wrong-plain = This doesn’t have the form that { $app } uses. Check that you copied all of it and nothing else.
wrong-choice = Please choose one of these.
wrong-address = This leads to an address that this gateway may not call.
wrong-not-found = { $app } doesn’t know this together with what you entered.
as-in = As in: { $example }
rejected = { $app } refuses this. Check that you copied all of it and that it is still valid.
rejected-many = { $app } refuses these. Check each of them and enter what was hidden again.
not-ready = This gateway isn’t set up for { $app } yet. Tell whoever sent you the link.
not-reached = { $app } could not be asked just now. Wait a minute and press the button again; nothing was stored.

## Labels that many apps have in common

label-api-key = API key
label-api-token = API token
label-access-token = Access token
label-token = Token
label-secret-key = Secret key
label-username = User name
label-user-name = User name
label-password = Password
label-email = E-mail address
label-e-mail = E-mail address
label-email-address = E-mail address
label-client-id = Client ID
label-client-secret = Client secret
label-account-id = Account ID
label-subdomain = Subdomain
label-domain = Domain
label-region = Region
label-environment = Environment
label-workspace = Workspace
label-site = Site

## Scopes that many apps have in common

scope-openid = Know that it is you
scope-email = See your e-mail address
scope-profile = See your name and picture
scope-offline_access = Keep working when you are away, until you end it

## Several accounts or sites: which one?

choose-title = Which one should be connected?
choose-why = Your sign-in at { $app } opens several. { $owner } gets access to the one you choose here.
choose-connect = Connect this one
choose-none = None of these
choose-none-why = Ends here; the access just given to this gateway is handed back.

## On the way to somewhere else

away-title = On to { $place }
away-what = Your browser is being taken there.
away-go = Go on if nothing happens
away-back = where you came from
away-provider = the provider

## It worked

done-title = { $app } is connected
done-works = Programs of { $owner } can use it from now on.
done-waits-title = One more step: { $owner } confirms
done-waits = You have signed in at { $app }. Nothing can be used yet: { $owner } first has to confirm that this is the right account.
done-waits-other = This is another account than before. Until { $owner } has confirmed that this is meant, the connection can’t be used.
done-how = How { $owner } confirms
done-how-what = In the tool that made the link, or with this call to the gateway:
done-granted = Access given
done-missing = Asked for but not given
done-missing-what = What needs this will not work. To give it, ask { $owner } for a new link and allow everything on { $app }’s page.
done-unprobed = { $app } could not be asked whose account it is; the first call will tell whether it works.
done-close = You can close this window.
done-slip = Not the account you meant? Ask { $owner } to delete the connection, then connect again with the right one.

## It did not

failed-title = { $app } was not connected
failed-said = What { $app } answered
failed-again = Try again
failed-reason = Reason:
failed-request = Request number, for whoever helps:
why-denied = { $app } was told not to give access, so nothing was connected.
todo-denied = If that was a slip, try again and allow the access on { $app }’s page.
why-wrongly-asked = { $app } does not accept how this gateway asks for access.
todo-wrongly-asked = You can’t mend this yourself: tell whoever sent you the link, with the reason below.
why-not-set-up = This gateway isn’t set up rightly for { $app }, so the sign-in could not be finished.
todo-not-set-up = You can’t mend this yourself: tell whoever sent you the link, with the request number below.
why-provider = { $app } had a problem of its own while it was signing you in.
todo-provider = Wait a minute and try again.
why-busy = { $app } is being asked too often at the moment.
todo-busy = Wait a few minutes and try again.
why-refused = { $app } let you sign in, but then refused what it had just granted.
todo-refused = Check that your account may use { $app }’s API, then try again.
why-not-told = { $app } did not say which of your accounts or sites was meant.
todo-not-told = Try again, and choose one where it asks.
why-not-allowed = { $app } named an address or account of a kind that this gateway does not connect.
todo-not-allowed = Tell whoever sent you the link, with the request number below.
why-not-among = What was asked for is not among the accounts or sites that your sign-in at { $app } opens.
todo-not-among = Try again with another account at { $app }, or ask whoever sent you the link what it is meant for.
why-expired = The sign-in at { $app } took too long, or was used already.
todo-expired = Try again; it takes a minute.
why-signed-out = { $app } wants you to sign in or to decide something first.
todo-signed-out = Try again and finish each step on { $app }’s page.
why-cancelled = You chose none, so nothing was connected, and the access was handed back.
todo-cancelled = If that was a slip, try again.
why-other = The sign-in at { $app } did not succeed, so nothing was connected.
todo-other = Try again. If it happens again, tell whoever sent you the link, with the reason below.

## Links and windows that can't be used

gone-title = This link can’t be used
gone-what = Connect links work for a few minutes and only until the account is connected. This one has run out, was used already, or isn’t complete.
gone-todo = If you have just connected your account, all is well: close this window. Otherwise ask whoever sent you the link for a new one, and open it in a browser that accepts cookies.
elsewhere-title = This sign-in can’t be finished here
elsewhere-what = It was begun in another browser, took too long, or was finished already. Nothing was connected just now.
elsewhere-todo = If you pressed Back or Reload after connecting, all is well: close this window. Otherwise open the connect link again, in this browser, and finish in the same window.
forged-title = Please open the link again
forged-what = For your safety this step works only in the browser and the window where you opened the link.
forged-todo = Open the connect link once more and press the button there. This site needs cookies for that.

## Trouble

fault-title = Something is out of order here
fault-what = The gateway can’t look up your link right now. Nothing was changed.
fault-todo = Wait a minute and reload this page.
limit-title = Too many requests
limit-what = More pages were asked for from your network than this site gives out at a time.
limit-todo = Wait a minute and reload this page.
closed-title = { $app } isn’t set up yet
closed-what = This gateway has not been registered at { $app }, so it can’t send you there to sign in.
closed-todo = Tell whoever sent you the link. Once the gateway is set up, the same kind of link will work.
nowhere-title = There is nothing here
nowhere-what = This address leads to no page of the gateway.
nowhere-todo = Check that you copied all of the link you were sent, and open it again.

## The root

home-title = Connect your accounts
home-heading = This is a keyferry gateway
home-what = People open connect links here to let programs use their accounts at other services. Whoever asked you to connect an account has sent you such a link; open that one.
home-programs = For programs
home-api = The JSON control API answers here too, with an API key. { $document } describes it. Calls to apps go to { $gateway }.
