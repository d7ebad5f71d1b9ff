# Las páginas de keyferry en español. Lo que está entre llaves se sustituye y puede cambiar de lugar en la frase.

## En todas las páginas

page-error = Revise lo siguiente: { $title }
languages = Idioma
steps = Pasos
step-review = Revisar
step-sign-in = Iniciar sesión en { $app }
step-done = Listo
next = Qué puede hacer
optional = (opcional)

## La página de un enlace de conexión

connect-title = Conectar { $app }
connect-again-title = Volver a conectar { $app }
connect-receives = Los programas de { $owner } podrán usar su cuenta de { $app } a través de esta pasarela.
connect-signs-in = Nunca ven su contraseña ni sus tokens.
connect-types-in = Nunca ven lo que usted escribe aquí.
connect-confirms = Después, { $owner } tiene que confirmar que es la cuenta correcta.
fact-owner = Recibe el acceso
fact-connection = Conexión
fact-account = Cuenta
fact-account-before = Cuenta hasta ahora
fact-environment = Entorno
ways = Formas de conectar
way-sign-in = Iniciar sesión
way-key = Clave de API
way-password = Usuario y contraseña
way-client = Credenciales de cliente
access = Acceso solicitado
access-said-there = { $app } muestra en la página siguiente qué permite este inicio de sesión.
access-of-credentials = Todo lo que estas credenciales permiten en { $app }.
access-all = Los { $count }
find = ¿Dónde encuentro esto?
find-many = ¿Dónde encuentro estos datos?
find-opens = (abre la documentación de { $app } en una pestaña nueva)
continue = Continuar a { $place }
check = Comprobar y conectar
connect-stranger = ¿Alguien le envió este enlace? Continúe solo si quiere que { $owner } actúe en su cuenta de { $app }. Si no lo esperaba, cierre esta página: no se ha compartido nada.
connect-kept = Lo que conecte se guarda cifrado. { $owner } puede terminarlo en cualquier momento.

## Qué está mal en un campo

wrong-one = Revise «{ $label }»
wrong-missing = Rellene este campo.
wrong-form = Escríbalo como { $example }
wrong-plain = No tiene la forma que usa { $app }. Compruebe que lo copió entero y nada más.
wrong-choice = Elija una de estas opciones.
wrong-address = Esto lleva a una dirección a la que esta pasarela no puede llamar.
wrong-not-found = { $app } no conoce esto junto con lo demás que escribió.
as-in = Por ejemplo: { $example }
rejected = { $app } lo rechaza. Compruebe que lo copió entero y que sigue siendo válido.
rejected-many = { $app } rechaza estos datos. Revise cada uno y vuelva a escribir lo que estaba oculto.
not-ready = Esta pasarela todavía no está preparada para { $app }. Avise a quien le envió el enlace.
not-reached = No se pudo consultar a { $app } en este momento. Espere un minuto y vuelva a pulsar el botón; no se guardó nada.

## Etiquetas que muchas aplicaciones comparten

label-api-key = Clave de API
label-api-token = Token de API
label-access-token = Token de acceso
label-token = Token
label-secret-key = Clave secreta
label-username = Nombre de usuario
label-user-name = Nombre de usuario
label-password = Contraseña
label-email = Correo electrónico
label-e-mail = Correo electrónico
label-email-address = Correo electrónico
label-client-id = ID de cliente
label-client-secret = Secreto de cliente
label-account-id = ID de cuenta
label-subdomain = Subdominio
label-domain = Dominio
label-region = Región
label-environment = Entorno
label-workspace = Espacio de trabajo
label-site = Sitio

## Permisos que muchas aplicaciones comparten

scope-openid = Saber que es usted
scope-email = Ver su correo electrónico
scope-profile = Ver su nombre y su foto
scope-offline_access = Seguir trabajando en su ausencia, hasta que usted lo termine

## Varias cuentas o sitios: ¿cuál?

choose-title = ¿Cuál quiere conectar?
choose-why = Su inicio de sesión en { $app } abre varias opciones. { $owner } recibe acceso a la que elija aquí.
choose-connect = Conectar esta
choose-none = Ninguna de estas
choose-none-why = Termina aquí; se devuelve el acceso que se acaba de dar a esta pasarela.

## De camino a otro lugar

away-title = Continuar a { $place }
away-what = Su navegador se dirige allí.
away-go = Continuar si no pasa nada
away-back = la página de la que vino
away-provider = el proveedor

## Ha funcionado

done-title = { $app } está conectado
done-works = Los programas de { $owner } pueden usarlo a partir de ahora.
done-waits-title = Un paso más: { $owner } confirma
done-waits = Ha iniciado sesión en { $app }. Todavía no se puede usar nada: primero { $owner } tiene que confirmar que es la cuenta correcta.
done-waits-other = Es una cuenta distinta de la anterior. Hasta que { $owner } confirme que es lo que se quiere, la conexión no se puede usar.
done-how = Cómo confirma { $owner }
done-how-what = En la herramienta que creó el enlace, o con esta llamada a la pasarela:
done-granted = Acceso concedido
done-missing = Solicitado pero no concedido
done-missing-what = Lo que lo necesite no funcionará. Para concederlo, pida a { $owner } un enlace nuevo y permita todo en la página de { $app }.
done-unprobed = No se pudo preguntar a { $app } de quién es la cuenta; la primera llamada dirá si funciona.
done-close = Puede cerrar esta ventana.
done-slip = ¿No es la cuenta que quería? Pida a { $owner } que borre la conexión y conecte después la correcta.

## No ha funcionado

failed-title = { $app } no se conectó
failed-said = Lo que respondió { $app }
failed-again = Intentarlo de nuevo
failed-reason = Motivo:
failed-request = Número de la petición, para quien ayude:
why-denied = Se indicó a { $app } que no diera acceso, así que no se conectó nada.
todo-denied = Si fue un descuido, inténtelo de nuevo y permita el acceso en la página de { $app }.
why-wrongly-asked = { $app } no acepta la forma en que esta pasarela pide el acceso.
todo-wrongly-asked = No puede arreglarlo usted: avise a quien le envió el enlace y dígale el motivo que figura abajo.
why-not-set-up = Esta pasarela no está bien preparada para { $app }, así que no se pudo terminar el inicio de sesión.
todo-not-set-up = No puede arreglarlo usted: avise a quien le envió el enlace y dígale el número que figura abajo.
why-provider = { $app } tuvo un problema propio durante el inicio de sesión.
todo-provider = Espere un minuto e inténtelo de nuevo.
why-busy = { $app } está recibiendo demasiadas peticiones en este momento.
todo-busy = Espere unos minutos e inténtelo de nuevo.
why-refused = { $app } le dejó iniciar sesión, pero después rechazó lo que acababa de conceder.
todo-refused = Compruebe que su cuenta puede usar la API de { $app } e inténtelo de nuevo.
why-not-told = { $app } no dijo cuál de sus cuentas o sitios era.
todo-not-told = Inténtelo de nuevo y elija uno cuando se le pregunte.
why-not-allowed = { $app } indicó una dirección o una cuenta de un tipo que esta pasarela no conecta.
todo-not-allowed = Avise a quien le envió el enlace y dígale el número que figura abajo.
why-not-among = Lo que se pedía no está entre las cuentas o sitios que abre su inicio de sesión en { $app }.
todo-not-among = Inténtelo con otra cuenta de { $app }, o pregunte a quien le envió el enlace para qué es.
why-expired = El inicio de sesión en { $app } tardó demasiado o ya se había usado.
todo-expired = Inténtelo de nuevo; tarda un minuto.
why-signed-out = { $app } quiere que antes inicie sesión o decida algo.
todo-signed-out = Inténtelo de nuevo y termine cada paso en la página de { $app }.
why-cancelled = No eligió ninguna opción, así que no se conectó nada y el acceso se devolvió.
todo-cancelled = Si fue un descuido, inténtelo de nuevo.
why-other = El inicio de sesión en { $app } no funcionó, así que no se conectó nada.
todo-other = Inténtelo de nuevo. Si vuelve a pasar, avise a quien le envió el enlace y dígale el motivo que figura abajo.

## Enlaces y ventanas que no sirven

gone-title = Este enlace ya no es válido
gone-what = Los enlaces de conexión sirven unos minutos y solo hasta que la cuenta queda conectada. Este ha caducado, ya se usó o no está completo.
gone-todo = Si acaba de conectar su cuenta, todo está bien: cierre esta ventana. Si no, pida un enlace nuevo a quien se lo envió y ábralo en un navegador que acepte cookies.
elsewhere-title = Este inicio de sesión no se puede terminar aquí
elsewhere-what = Se empezó en otro navegador, tardó demasiado o ya se había terminado. Ahora mismo no se ha conectado nada.
elsewhere-todo = Si pulsó Atrás o Recargar después de conectar, todo está bien: cierre esta ventana. Si no, abra de nuevo el enlace de conexión en este navegador y termine en la misma ventana.
forged-title = Abra el enlace de nuevo
forged-what = Por su seguridad, este paso solo funciona en el navegador y la ventana donde abrió el enlace.
forged-todo = Abra otra vez el enlace de conexión y pulse allí el botón. Este sitio necesita cookies para ello.

## Problemas

fault-title = Algo no está en orden aquí
fault-what = La pasarela no puede consultar su enlace en este momento. No se cambió nada.
fault-todo = Espere un minuto y recargue esta página.
limit-title = Demasiadas peticiones
limit-what = Desde su red se pidieron más páginas de las que este sitio entrega a la vez.
limit-todo = Espere un minuto y recargue esta página.
closed-title = { $app } todavía no está preparado
closed-what = Esta pasarela no está registrada en { $app }, así que no puede enviarle allí a iniciar sesión.
closed-todo = Avise a quien le envió el enlace. Cuando la pasarela esté preparada, un enlace como este funcionará.
nowhere-title = Aquí no hay nada
nowhere-what = Esta dirección no lleva a ninguna página de la pasarela.
nowhere-todo = Compruebe que copió entero el enlace que recibió y ábralo de nuevo.

## La raíz

home-title = Conecte sus cuentas
home-heading = Esta es una pasarela keyferry
home-what = Aquí se abren enlaces de conexión para que unos programas usen las cuentas propias en otros servicios. Quien le pidió conectar una cuenta le envió un enlace así; abra ese.
home-programs = Para programas
home-api = Aquí responde también la API de control en JSON, con una clave de API. { $document } la describe. Las llamadas a las aplicaciones van a { $gateway }.
