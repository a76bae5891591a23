<?php
// Read by Debian's wp-config.php.
define('DB_HOST', 'db');
define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', trim(file_get_contents('/run/secrets/wordpress_password')));
define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
