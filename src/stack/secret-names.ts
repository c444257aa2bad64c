const SECRET = /SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|(^|_)(TOKEN|PRIVATE)S?(_|$)/i;
const NOT_THE_SECRET_ITSELF = /_(FILE|PATH|DIR|URL|TTL|AGE|EXPIRY|LENGTH|NAME)$/i;

/** Whether a variable of this name is likely to hold a secret. */
export const isSecretName = (name: string): boolean => SECRET.test(name) && !NOT_THE_SECRET_ITSELF.test(name);
