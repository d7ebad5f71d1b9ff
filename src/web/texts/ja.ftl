# keyferry のページの日本語。波かっこの中は後で置き換えられ、文の中で位置を変えてもかまいません。

## すべてのページ

page-error = ご確認ください：{ $title }
languages = 言語
steps = 手順
step-review = 確認
step-sign-in = { $app } にログイン
step-done = 完了
next = できること
optional = （任意）

## 接続リンクのページ

connect-title = { $app } を接続
connect-again-title = { $app } を再接続
connect-receives = { $owner } のプログラムが、このゲートウェイを通じてあなたの { $app } アカウントを使えるようになります。
connect-signs-in = パスワードやトークンがプログラムに知られることはありません。
connect-types-in = ここで入力した内容がプログラムに知られることはありません。
connect-confirms = そのあと、正しいアカウントであることを { $owner } が確認する必要があります。
fact-owner = アクセスを受け取る相手
fact-connection = 接続
fact-account = アカウント
fact-account-before = これまでのアカウント
fact-environment = 環境
ways = 接続方法
way-sign-in = ログイン
way-key = API キー
way-password = ユーザー名とパスワード
way-client = クライアント認証情報
access = 求められているアクセス
access-said-there = このログインで許可される内容は、次のページで { $app } が表示します。
access-of-credentials = この認証情報で { $app } にできることすべて。
access-all = 全 { $count } 件
find = どこにありますか？
find-many = これらはどこにありますか？
find-opens = （{ $app } のドキュメントを新しいタブで開きます）
continue = { $place } へ進む
check = 確認して接続
connect-stranger = 誰かからこのリンクを受け取りましたか？ { $owner } があなたの { $app } アカウントで操作してよい場合にだけ進んでください。心当たりがなければ、このページを閉じてください。何も共有されていません。
connect-kept = 接続した内容は暗号化して保存されます。{ $owner } はいつでも終了できます。

## 入力の誤り

wrong-one = 「{ $label }」をご確認ください
wrong-missing = 入力してください。
wrong-form = 次の例のように入力してください：{ $example }
wrong-plain = { $app } で使われる形式ではありません。全体を過不足なくコピーしたかご確認ください。
wrong-choice = この中から一つ選んでください。
wrong-address = これは、このゲートウェイが呼び出すことのできないアドレスにつながります。
wrong-not-found = 入力された内容との組み合わせでは、{ $app } で見つかりません。
as-in = 例：{ $example }
rejected = { $app } に拒否されました。全体をコピーしたか、まだ有効かをご確認ください。
rejected-many = { $app } に拒否されました。一つずつ確認し、伏せられていた項目はもう一度入力してください。
not-ready = このゲートウェイは { $app } 用にまだ設定されていません。リンクを送った人にお知らせください。
not-reached = ただいま { $app } に問い合わせできませんでした。1 分ほど待ってから、もう一度ボタンを押してください。何も保存されていません。

## 多くのアプリに共通する項目名

label-api-key = API キー
label-api-token = API トークン
label-access-token = アクセストークン
label-token = トークン
label-secret-key = シークレットキー
label-username = ユーザー名
label-user-name = ユーザー名
label-password = パスワード
label-email = メールアドレス
label-e-mail = メールアドレス
label-email-address = メールアドレス
label-client-id = クライアント ID
label-client-secret = クライアントシークレット
label-account-id = アカウント ID
label-subdomain = サブドメイン
label-domain = ドメイン
label-region = リージョン
label-environment = 環境
label-workspace = ワークスペース
label-site = サイト

## 多くのアプリに共通する権限

scope-openid = ご本人であることの確認
scope-email = メールアドレスの表示
scope-profile = 名前と写真の表示
scope-offline_access = 終了するまで、不在のあいだも動作を続けること

## 複数のアカウントやサイト：どれにしますか？

choose-title = どれを接続しますか？
choose-why = { $app } へのログインで複数が開けます。{ $owner } は、ここで選んだものへのアクセスを受け取ります。
choose-connect = これを接続
choose-none = どれでもない
choose-none-why = ここで終了します。いまこのゲートウェイに与えられたアクセスは返却されます。

## 別の場所へ

away-title = { $place } へ
away-what = ブラウザーを移動しています。
away-go = 何も起こらない場合はこちら
away-back = 元のページ
away-provider = プロバイダー

## 成功

done-title = { $app } を接続しました
done-works = これから { $owner } のプログラムが使えます。
done-waits-title = あと一歩：{ $owner } の確認待ち
done-waits = { $app } にログインしました。まだ何も使えません。正しいアカウントであることを、まず { $owner } が確認する必要があります。
done-waits-other = これまでとは別のアカウントです。これでよいと { $owner } が確認するまで、この接続は使えません。
done-how = { $owner } が確認する方法
done-how-what = リンクを作成したツールで、またはゲートウェイへの次の呼び出しで確認します：
done-granted = 与えられたアクセス
done-missing = 求めたが与えられなかったアクセス
done-missing-what = これを必要とする機能は動作しません。与えるには、{ $owner } に新しいリンクを依頼し、{ $app } のページですべて許可してください。
done-unprobed = 誰のアカウントかを { $app } に確認できませんでした。使えるかどうかは最初の呼び出しで分かります。
done-close = このウィンドウを閉じてかまいません。
done-slip = 意図したアカウントではありませんか？ { $owner } に接続の削除を依頼し、正しいアカウントで接続し直してください。

## 失敗

failed-title = { $app } は接続されませんでした
failed-said = { $app } の返答
failed-again = もう一度試す
failed-reason = 理由：
failed-request = リクエスト番号（サポートする人のために）：
why-denied = { $app } でアクセスが許可されなかったため、何も接続されませんでした。
todo-denied = 間違いであれば、もう一度試し、{ $app } のページでアクセスを許可してください。
why-wrongly-asked = このゲートウェイのアクセスの求め方が { $app } に受け入れられませんでした。
todo-wrongly-asked = ご自身では解決できません。下の理由を添えて、リンクを送った人にお知らせください。
why-not-set-up = このゲートウェイが { $app } 用に正しく設定されていないため、ログインを完了できませんでした。
todo-not-set-up = ご自身では解決できません。下のリクエスト番号を添えて、リンクを送った人にお知らせください。
why-provider = ログイン中に { $app } の側で問題が起きました。
todo-provider = 1 分ほど待ってから、もう一度試してください。
why-busy = 現在、{ $app } への問い合わせが多すぎます。
todo-busy = 数分待ってから、もう一度試してください。
why-refused = { $app } にログインできましたが、与えられたばかりのアクセスが拒否されました。
todo-refused = お使いのアカウントで { $app } の API が使えるか確認し、もう一度試してください。
why-not-told = どのアカウントまたはサイトなのか、{ $app } から知らされませんでした。
todo-not-told = もう一度試し、尋ねられたら一つ選んでください。
why-not-allowed = { $app } が示したアドレスまたはアカウントは、このゲートウェイでは接続できない種類のものです。
todo-not-allowed = 下のリクエスト番号を添えて、リンクを送った人にお知らせください。
why-not-among = 求められたものは、{ $app } へのログインで開けるアカウントやサイトの中にありません。
todo-not-among = { $app } の別のアカウントで試すか、何のためのリンクなのかを送った人にお尋ねください。
why-expired = { $app } へのログインに時間がかかりすぎたか、すでに使用されています。
todo-expired = もう一度試してください。1 分ほどで終わります。
why-signed-out = { $app } で先にログインするか、何かを決める必要があります。
todo-signed-out = もう一度試し、{ $app } のページの各手順を最後まで進めてください。
why-cancelled = 何も選ばれなかったため、何も接続されず、アクセスは返却されました。
todo-cancelled = 間違いであれば、もう一度試してください。
why-other = { $app } へのログインに失敗したため、何も接続されませんでした。
todo-other = もう一度試してください。また起こる場合は、下の理由を添えて、リンクを送った人にお知らせください。

## 使えないリンクとウィンドウ

gone-title = このリンクは使えません
gone-what = 接続リンクは数分間だけ、アカウントが接続されるまで有効です。このリンクは期限切れか、使用済みか、不完全です。
gone-todo = アカウントを接続したばかりであれば問題ありません。このウィンドウを閉じてください。そうでなければ、リンクを送った人に新しいリンクを依頼し、Cookie を受け入れるブラウザーで開いてください。
elsewhere-title = このログインはここでは完了できません
elsewhere-what = 別のブラウザーで始められたか、時間がかかりすぎたか、すでに完了しています。今は何も接続されていません。
elsewhere-todo = 接続後に「戻る」や「再読み込み」を押したのであれば問題ありません。このウィンドウを閉じてください。そうでなければ、このブラウザーで接続リンクをもう一度開き、同じウィンドウで最後まで進めてください。
forged-title = リンクをもう一度開いてください
forged-what = 安全のため、この手順はリンクを開いたブラウザーとウィンドウでのみ使えます。
forged-todo = 接続リンクをもう一度開き、そこでボタンを押してください。そのために、このサイトでは Cookie が必要です。

## 障害

fault-title = 問題が発生しています
fault-what = ゲートウェイがリンクを確認できません。何も変更されていません。
fault-todo = 1 分ほど待ってから、このページを再読み込みしてください。
limit-title = リクエストが多すぎます
limit-what = お使いのネットワークから、このサイトが一度に出せる数を超えるページが求められました。
limit-todo = 1 分ほど待ってから、このページを再読み込みしてください。
closed-title = { $app } はまだ設定されていません
closed-what = このゲートウェイは { $app } に登録されていないため、ログインのために移動できません。
closed-todo = リンクを送った人にお知らせください。ゲートウェイが設定されれば、同じ種類のリンクが使えるようになります。
nowhere-title = ここには何もありません
nowhere-what = このアドレスは、ゲートウェイのどのページにもつながりません。
nowhere-todo = 受け取ったリンク全体をコピーしたか確認し、もう一度開いてください。

## トップページ

home-title = アカウントを接続
home-heading = これは keyferry ゲートウェイです
home-what = ここでは、ほかのサービスの自分のアカウントをプログラムに使わせるための接続リンクを開きます。アカウントの接続を頼んだ人が、そのようなリンクを送っているはずです。そちらを開いてください。
home-programs = プログラム向け
home-api = JSON の管理 API もここで、API キーを使って応答します。説明は { $document } にあります。アプリの呼び出し先は { $gateway } です。
