/**
 * Whether a connection string is that of App Service's MySQL in-app: `localdb` (its variable is `MYSQLCONNSTR_localdb`), of
 * MySQL's type, or said to be one. Such a database belongs to the site like its files.
 */
export const isInAppMysql = (name: string, type: string): boolean =>
  /^localmysql$/i.test(type) || (/^mysql$/i.test(type) && /^(?:MYSQLCONNSTR_)?localdb$/i.test(name));
