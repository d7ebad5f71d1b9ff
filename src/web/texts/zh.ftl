# keyferry 页面的简体中文。花括号里的内容会被替换，可以在句子中移动位置。

## 每个页面

page-error = 请检查：{ $title }
languages = 语言
steps = 步骤
step-review = 查看
step-sign-in = 登录 { $app }
step-done = 完成
next = 您可以怎么做
optional = （选填）

## 连接链接打开的页面

connect-title = 连接 { $app }
connect-again-title = 重新连接 { $app }
connect-receives = { $owner } 的程序将可以通过本网关使用您的 { $app } 账号。
connect-signs-in = 它们永远看不到您的密码或令牌。
connect-types-in = 它们永远看不到您在这里输入的内容。
connect-confirms = 之后还需要 { $owner } 确认账号无误。
fact-owner = 获得访问权限
fact-connection = 连接
fact-account = 账号
fact-account-before = 原来的账号
fact-environment = 环境
ways = 连接方式
way-sign-in = 登录
way-key = API 密钥
way-password = 用户名和密码
way-client = 客户端凭据
access = 请求的权限
access-said-there = { $app } 会在下一页显示此次登录允许哪些操作。
access-of-credentials = 这些凭据在 { $app } 能做的一切。
access-all = 全部 { $count } 项
find = 在哪里可以找到？
find-many = 在哪里可以找到这些？
find-opens = （在新标签页中打开 { $app } 的文档）
continue = 前往 { $place }
check = 检查并连接
connect-stranger = 这个链接是别人发给您的吗？只有当您希望 { $owner } 在您的 { $app } 账号中操作时才继续。如果您没有预料到它，请关闭本页：没有任何内容被分享。
connect-kept = 您连接的内容会加密存储。{ $owner } 可以随时终止连接。

## 输入有误

wrong-one = 请检查“{ $label }”
wrong-missing = 请填写此项。
wrong-form = 请按这样的格式填写：{ $example }
wrong-plain = 这不符合 { $app } 使用的格式。请检查是否完整复制，且没有多余内容。
wrong-choice = 请选择其中一项。
wrong-address = 这指向一个本网关不允许访问的地址。
wrong-not-found = { $app } 找不到与您所填内容相符的此项。
as-in = 例如：{ $example }
rejected = { $app } 拒绝了它。请检查是否完整复制以及是否仍然有效。
rejected-many = { $app } 拒绝了这些内容。请逐一检查，并重新输入隐藏的内容。
not-ready = 本网关尚未为 { $app } 完成设置。请告知发给您链接的人。
not-reached = 目前无法联系 { $app }。请等一分钟再按按钮；没有存储任何内容。

## 许多应用共有的名称

label-api-key = API 密钥
label-api-token = API 令牌
label-access-token = 访问令牌
label-token = 令牌
label-secret-key = 私密密钥
label-username = 用户名
label-user-name = 用户名
label-password = 密码
label-email = 电子邮箱
label-e-mail = 电子邮箱
label-email-address = 电子邮箱
label-client-id = 客户端 ID
label-client-secret = 客户端密钥
label-account-id = 账号 ID
label-subdomain = 子域名
label-domain = 域名
label-region = 地区
label-environment = 环境
label-workspace = 工作区
label-site = 站点

## 许多应用共有的权限

scope-openid = 确认是您本人
scope-email = 查看您的电子邮箱
scope-profile = 查看您的姓名和头像
scope-offline_access = 在您离开时继续工作，直到您终止

## 有多个账号或站点：选哪一个？

choose-title = 要连接哪一个？
choose-why = 您在 { $app } 的登录可以打开多个。{ $owner } 将获得您在此处所选的那一个的访问权限。
choose-connect = 连接这个
choose-none = 都不是
choose-none-why = 到此为止；刚刚授予本网关的权限将被交还。

## 前往别处

away-title = 前往 { $place }
away-what = 正在将您的浏览器带到那里。
away-go = 如果没有反应，请点击继续
away-back = 您来的地方
away-provider = 服务商

## 成功

done-title = { $app } 已连接
done-works = { $owner } 的程序从现在起可以使用它。
done-waits-title = 还差一步：等待 { $owner } 确认
done-waits = 您已登录 { $app }。现在还不能使用：需要先由 { $owner } 确认账号无误。
done-waits-other = 这与之前的账号不同。在 { $owner } 确认确实如此之前，该连接无法使用。
done-how = { $owner } 如何确认
done-how-what = 在生成该链接的工具中确认，或向网关发送以下调用：
done-granted = 已授予的权限
done-missing = 请求了但未授予的权限
done-missing-what = 需要这些权限的功能将无法使用。若要授予，请向 { $owner } 索取新链接，并在 { $app } 的页面上全部允许。
done-unprobed = 无法向 { $app } 询问这是谁的账号；第一次调用时会知道是否可用。
done-close = 您可以关闭此窗口。
done-slip = 不是您想要的账号？请让 { $owner } 删除该连接，然后用正确的账号重新连接。

## 未成功

failed-title = { $app } 未连接
failed-said = { $app } 的回答
failed-again = 重试
failed-reason = 原因：
failed-request = 请求编号（供协助人员使用）：
why-denied = { $app } 被告知不要授予权限，因此没有建立连接。
todo-denied = 如果是误操作，请重试，并在 { $app } 的页面上允许访问。
why-wrongly-asked = { $app } 不接受本网关请求权限的方式。
todo-wrongly-asked = 您自己无法解决：请告知发给您链接的人，并附上下面的原因。
why-not-set-up = 本网关没有为 { $app } 正确设置，因此无法完成登录。
todo-not-set-up = 您自己无法解决：请告知发给您链接的人，并附上下面的请求编号。
why-provider = { $app } 在登录过程中自身出现了问题。
todo-provider = 请等一分钟后重试。
why-busy = 目前对 { $app } 的请求过于频繁。
todo-busy = 请等几分钟后重试。
why-refused = { $app } 允许您登录，但随后拒绝了它刚刚授予的权限。
todo-refused = 请检查您的账号是否可以使用 { $app } 的 API，然后重试。
why-not-told = { $app } 没有说明是您的哪个账号或站点。
todo-not-told = 请重试，并在询问时选择一个。
why-not-allowed = { $app } 给出了本网关不连接的一类地址或账号。
todo-not-allowed = 请告知发给您链接的人，并附上下面的请求编号。
why-not-among = 所要求的不在您的 { $app } 登录可以打开的账号或站点之中。
todo-not-among = 请用 { $app } 的另一个账号重试，或询问发给您链接的人它的用途。
why-expired = 在 { $app } 的登录用时过长，或已被使用。
todo-expired = 请重试；只需一分钟。
why-signed-out = { $app } 需要您先登录或做出决定。
todo-signed-out = 请重试，并完成 { $app } 页面上的每个步骤。
why-cancelled = 您没有选择任何一项，因此没有建立连接，权限已交还。
todo-cancelled = 如果是误操作，请重试。
why-other = 在 { $app } 的登录没有成功，因此没有建立连接。
todo-other = 请重试。如果再次发生，请告知发给您链接的人，并附上下面的原因。

## 无法使用的链接和窗口

gone-title = 此链接无法使用
gone-what = 连接链接只在几分钟内有效，并且在账号连接后失效。这个链接已过期、已使用或不完整。
gone-todo = 如果您刚刚连接了账号，一切正常：请关闭此窗口。否则请向发给您链接的人索取新链接，并在接受 Cookie 的浏览器中打开。
elsewhere-title = 无法在此完成登录
elsewhere-what = 它是在另一个浏览器中开始的、用时过长，或已经完成。刚才没有建立任何连接。
elsewhere-todo = 如果您在连接后按了“后退”或“刷新”，一切正常：请关闭此窗口。否则请在此浏览器中重新打开连接链接，并在同一窗口中完成。
forged-title = 请重新打开链接
forged-what = 为了您的安全，此步骤只能在您打开链接的浏览器和窗口中进行。
forged-todo = 请再次打开连接链接，并在那里按按钮。本站为此需要 Cookie。

## 故障

fault-title = 这里出了点问题
fault-what = 网关目前无法查询您的链接。没有任何更改。
fault-todo = 请等一分钟后重新加载本页。
limit-title = 请求过多
limit-what = 您的网络请求的页面超过了本站一次能提供的数量。
limit-todo = 请等一分钟后重新加载本页。
closed-title = { $app } 尚未设置
closed-what = 本网关尚未在 { $app } 注册，因此无法将您带到那里登录。
closed-todo = 请告知发给您链接的人。网关设置完成后，同类链接即可使用。
nowhere-title = 这里什么也没有
nowhere-what = 此地址不对应网关的任何页面。
nowhere-todo = 请检查是否完整复制了收到的链接，然后重新打开。

## 首页

home-title = 连接您的账号
home-heading = 这是一个 keyferry 网关
home-what = 人们在这里打开连接链接，让程序使用自己在其他服务上的账号。请您连接账号的人已经给您发了这样的链接，请打开它。
home-programs = 面向程序
home-api = JSON 控制 API 也在此应答，需要 API 密钥。{ $document } 对其进行了说明。对应用的调用请发往 { $gateway }。
